/** Starts the app, and stops it on SIGTERM or SIGINT. */

import { createServer } from 'node:http';

import { createApp } from './src/app.js';
import { ConfigError, readConfig } from './src/config.js';
import { createLog } from './src/log.js';
import { readTask } from './src/metadata.js';
import { createShutdown, shutdownDeadlineMs } from './src/shutdown.js';

let config;
try {
  config = readConfig(process.env);
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  createLog().error(error.message);
  process.exit(1);
}

const { environment, service, version } = config;
const log = createLog({ level: config.logLevel, fields: { environment, service, version } });

process.on('uncaughtException', (error) => {
  log.error('uncaught exception', { error });
  process.exit(1);
});

// The load balancer must be the one that closes an idle connection: if we did, it could just be sending a
// request on it, and its client would get a 502.
const keepAliveTimeout = (config.idleTimeoutSeconds + 5) * 1000;
const headersTimeout = keepAliveTimeout + 1000;
const server = createServer({
  keepAliveTimeout,
  headersTimeout,
  requestTimeout: Math.max(300_000, headersTimeout),
});

const shutdown = createShutdown(server, { log, deadlineMs: shutdownDeadlineMs(config.stopTimeoutSeconds) });

let task = null;
server.on('request', createApp({ config, log, task: () => task, stopping: () => shutdown.stopping }));

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, async () => {
    if (shutdown.stopping) return;
    const began = performance.now();
    log.info('stopping', { signal, inFlight: shutdown.inFlight });
    await shutdown.stop();
    log.info('stopped', { durationMs: Math.round(performance.now() - began) });
    process.exit(0);
  });
}

server.on('error', (error) => {
  log.error('server failed', { error });
  process.exit(1);
});
server.listen({ host: config.host, port: config.port }, () => {
  const { address, port } = server.address();
  log.info('listening', { address, port, node: process.version });
});

task = await readTask(config.metadataUri, { log });
