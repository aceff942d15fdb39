import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';

import { createShutdown, shutdownDeadlineMs } from '../src/shutdown.js';
import { dial, listen, recordingLog, startApp } from './helpers.js';

const HALF_A_REQUEST = 'GET / HTTP/1.1\r\nHost: app\r\nContent-Length: 6\r\n\r\nabc';

/** A client whose request the app has begun, and that has not sent all of it. */
async function inFlight(t, { port, server }) {
  const client = await dial(t, port);
  const arrived = once(server, 'request');
  client.send(HALF_A_REQUEST);
  await arrived;
  return client;
}

test('without connections the app exits after the quiet period', async (t) => {
  const { shutdown } = await startApp(t);

  await shutdown.stop();
});

test('requests during the quiet period are answered, and their connections closed', async (t) => {
  const app = await startApp(t, { quietMs: 1000 });
  app.shutdown.stop();
  const client = await dial(t, app.port);
  client.send('GET / HTTP/1.1\r\nHost: app\r\n\r\n');

  assert.match(await client.closed(), /^HTTP\/1.1 200 OK\r\n[^]*\r\nConnection: close\r\n/);
});

const ASKS = `
const { parentPort, workerData: { port, sent } } = require('node:worker_threads');
parentPort.once('message', () => {
  let answer = '';
  const socket = require('node:net').connect(port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\\r\\nHost: app\\r\\n\\r\\n', () => {
    Atomics.store(sent, 0, 1);
    Atomics.notify(sent, 0);
  });
  socket.on('data', (data) => { answer += data; });
  socket.on('error', (error) => { answer += error; });
  socket.on('close', () => parentPort.postMessage(answer));
});
`;

test('connections accepted late by a blocked event loop are answered after the quiet period', async (t) => {
  const app = await startApp(t, { quietMs: 20 });
  const sent = new Int32Array(new SharedArrayBuffer(4));
  const client = new Worker(ASKS, { eval: true, workerData: { port: app.port, sent } });
  await once(client, 'online');
  const answered = once(client, 'message');

  app.shutdown.stop();
  client.postMessage('ask');
  assert.notEqual(Atomics.wait(sent, 0, 0, 5000), 'timed-out');
  // This thread is the app's, too: it sees nothing meanwhile.
  Atomics.wait(sent, 0, 1, 30);

  assert.match((await answered)[0], /^HTTP\/1.1 200 OK/);
});

test('new connections are refused after the quiet period', async (t) => {
  const app = await startApp(t);
  const idle = await dial(t, app.port);
  await inFlight(t, app);
  app.shutdown.stop();
  await idle.closed();

  await assert.rejects(dial(t, app.port), { code: 'ECONNREFUSED' });
});

test('a stop timeout shorter than the quiet period still ends the app', async (t) => {
  const { port, shutdown } = await startApp(t, { quietMs: 1000, deadlineMs: 50 });
  await shutdown.stop();

  await assert.rejects(dial(t, port), { code: 'ECONNREFUSED' });
});

test('a request in flight completes, and its connection is closed', async (t) => {
  const app = await startApp(t);
  const client = await inFlight(t, app);
  const stopped = app.shutdown.stop();
  client.send('def');
  const answer = await client.closed();
  await stopped;

  assert.match(answer, /^HTTP\/1.1 200 OK\r\n/);
  assert.match(answer, /\r\nConnection: close\r\n/);
  assert.match(answer, /<\/html>\s*$/);
});

test('a request with incomplete headers completes, while idle connections are closed', async (t) => {
  const app = await startApp(t);
  const idle = await dial(t, app.port);
  idle.send('GET /healthz HTTP/1.1\r\nHost: app\r\n\r\n');
  await idle.received(/200 OK/);
  const accepted = once(app.server, 'connection');
  const client = await dial(t, app.port);
  const [socket] = await accepted;
  client.send('GET /healthz HTTP/1.1\r\nHo');
  while (socket.bytesRead === 0) await new Promise(setImmediate);
  const stopped = app.shutdown.stop();
  await idle.closed();
  client.send('st: app\r\n\r\n');

  assert.match(await client.closed(), /^HTTP\/1.1 200 OK/);
  await stopped;
});

test('during shutdown readiness fails and liveness passes on open connections', async (t) => {
  const app = await startApp(t, { quietMs: 1000 });
  const [ready, live] = [await dial(t, app.port), await dial(t, app.port)];
  for (const client of [ready, live]) {
    client.send('GET /healthz HTTP/1.1\r\nHost: app\r\n\r\n');
    await client.received(/200 OK/);
  }
  const stopped = app.shutdown.stop();
  ready.send('GET /readyz HTTP/1.1\r\nHost: app\r\n\r\n');
  live.send('GET /healthz HTTP/1.1\r\nHost: app\r\n\r\n');

  assert.match(await ready.closed(), /HTTP\/1.1 503 Service Unavailable[^]*Connection: close/);
  assert.match(await live.closed(), /HTTP\/1.1 200 OK[^]*HTTP\/1.1 200 OK[^]*Connection: close/);
  await stopped;
});

test('a started keep-alive response completes, and its connection is closed', async (t) => {
  const server = createServer();
  const shutdown = createShutdown(server, { log: recordingLog().log, deadlineMs: 10_000, quietMs: 20 });
  const port = await listen(t, server);
  const [idle, client] = [await dial(t, port), await dial(t, port)];
  const arrived = once(server, 'request');
  client.send('GET / HTTP/1.1\r\nHost: app\r\n\r\n');
  const [, response] = await arrived;
  response.write('one');
  await client.received(/keep-alive[^]*one/);
  const stopped = shutdown.stop();
  await idle.closed();
  response.end('two');

  assert.match(await client.closed(), /two\r\n0\r\n\r\n$/);
  await stopped;
});

test('an idle keep-alive connection is closed after the quiet period', async (t) => {
  const app = await startApp(t);
  const client = await dial(t, app.port);
  client.send('GET /healthz HTTP/1.1\r\nHost: app\r\n\r\n');
  await client.received(/200 OK/);
  await app.shutdown.stop();

  assert.deepEqual(
    app.lines.filter(({ level }) => level === 'warn'),
    [],
  );
});

test('an unused connection does not delay the exit', async (t) => {
  const app = await startApp(t);
  const arrived = once(app.server, 'connection');
  await dial(t, app.port);
  await arrived;
  await app.shutdown.stop();

  assert.deepEqual(app.lines, []);
});

test('requests that exceed the stop timeout are cut off with a warning', async (t) => {
  const app = await startApp(t, { deadlineMs: 50 });
  const client = await inFlight(t, app);
  await app.shutdown.stop();

  assert.equal(await client.closed(), '');
  assert.equal(app.lines[0].level, 'warn');
  assert.equal(app.lines[0].inFlight, 1);
});

test('a second signal changes nothing', async (t) => {
  const { shutdown } = await startApp(t);

  assert.equal(shutdown.stop(), shutdown.stop());
});

for (const [seconds, ms] of [
  [2, 1500],
  [8, 6000],
  [60, 57_000],
  [120, 117_000],
]) {
  test(`a stop timeout of ${seconds} s leaves ${ms} ms`, () => {
    assert.equal(shutdownDeadlineMs(seconds), ms);
  });
}
