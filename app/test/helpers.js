/** A running app inside the test, and a process outside of it. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { createApp } from '../src/app.js';
import { readConfig } from '../src/config.js';
import { createLog } from '../src/log.js';
import { createShutdown } from '../src/shutdown.js';

export const TASK = {
  id: '9f3a1c2e77aa4b0f9d1e0c1122334455',
  family: 'dev-web',
  revision: '7',
  cluster: 'dev',
  zone: 'us-east-1b',
  launchType: 'FARGATE',
  address: '10.0.18.42',
};

/** A log that keeps its lines. */
export function recordingLog(level = 'debug') {
  const lines = [];
  return { lines, log: createLog({ level, write: (line) => lines.push(JSON.parse(line)) }) };
}

/** Serve `listener` on a free port until the test ends. */
export async function listen(t, server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return server.address().port;
}

/** The app with its shutdown, as server.js puts them together. */
export async function startApp(t, { env = {}, task = null, quietMs = 20, deadlineMs = 10_000, level } = {}) {
  const { log, lines } = recordingLog(level);
  const server = createServer();
  const shutdown = createShutdown(server, { log, deadlineMs, quietMs });
  const app = createApp({
    config: readConfig(env),
    log,
    task: () => task,
    stopping: () => shutdown.stopping,
  });
  server.on('request', app);
  const port = await listen(t, server);
  return { url: `http://127.0.0.1:${port}`, port, server, shutdown, lines };
}

/** A TCP client that sends exactly the given bytes. */
export async function dial(t, port) {
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  let text = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk) => {
    text += chunk;
  });
  await once(socket, 'connect');
  // A reset is an end too: what had arrived until then is what a test looks at.
  socket.on('error', () => {});
  const closed = new Promise((resolve) => socket.once('close', resolve));
  return {
    send: (data) => socket.write(data),
    /** Say that nothing more comes. */
    finish: () => socket.end(),
    hangUp: () => socket.destroy(),
    /** Resolves when `pattern` has arrived. */
    received: async (pattern) => {
      while (!pattern.test(text)) await once(socket, 'data');
      return text;
    },
    /** Resolves with all received text when the server has closed the connection. */
    closed: () => closed.then(() => text),
  };
}

/** Run server.js as the container does; resolves when it listens. */
export async function startProcess(t, env = {}) {
  const child = runScript('server.js', { HOST: '127.0.0.1', PORT: '0', ...env });
  t.after(() => child.kill('SIGKILL'));
  const lines = [];
  const waiting = new Set();
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(JSON.parse(line));
    for (const wake of waiting) wake();
  });
  const exited = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  /** Resolves with the first log line that has this message. */
  const logged = async (msg) => {
    for (;;) {
      const found = lines.find((line) => line.msg === msg);
      if (found) return found;
      await new Promise((resolve) => waiting.add(resolve));
    }
  };
  const { port } = await logged('listening');
  return { child, port, url: `http://127.0.0.1:${port}`, lines, logged, exited };
}

/** Start a script of the app with nothing in its environment but `env`. */
export function runScript(script, env) {
  const path = fileURLToPath(new URL(`../${script}`, import.meta.url));
  return spawn(process.execPath, [path], { env, stdio: ['ignore', 'pipe', 'pipe'] });
}
