/** What the app answers to a request. */

import { once } from 'node:events';
import { hostname } from 'node:os';

import { ownAddress } from './metadata.js';
import { prefersJson } from './negotiate.js';
import { errorPage, mainPage } from './page.js';
import { requestId, traceId } from './request-id.js';

const STATUS_TEXT = {
  400: 'This address cannot be read',
  404: 'Nothing lives at this address',
  405: 'This address can only be read',
  500: 'Something went wrong here',
};

/**
 * @param {object} options
 * @param {ReturnType<import('./config.js').readConfig>} options.config
 * @param {ReturnType<import('./log.js').createLog>} options.log
 * @param {() => Awaited<ReturnType<import('./metadata.js').readTask>>} options.task the task, once it is known
 * @param {() => boolean} options.stopping
 * @returns {import('node:http').RequestListener}
 */
export function createApp({ config, log, task, stopping }) {
  const startedAt = new Date();

  const about = (request, id) => ({
    environment: config.environment,
    service: config.service,
    version: config.version,
    // What tells copies apart: the task, or outside ECS the machine.
    instance: task()?.id ?? hostname(),
    task: task(),
    address: task()?.address ?? ownAddress(),
    port: request.socket.localPort,
    node: process.version,
    architecture: process.arch,
    startedAt: startedAt.toISOString(),
    uptimeSeconds: Math.floor((Date.now() - startedAt.getTime()) / 1000),
    request: { id, host: request.headers.host ?? null, ...forwarded(request.headers) },
  });

  const routes = {
    '/': (request, id) =>
      prefersJson(request.headers.accept) ? json(200, about(request, id)) : mainPage(about(request, id)),
    '/healthz': () => json(200, { status: 'ok' }),
    '/readyz': () => (stopping() ? json(503, { status: 'stopping' }) : json(200, { status: 'ok' })),
  };

  const failure = (status, request, id) =>
    prefersJson(request.headers.accept)
      ? json(status, { error: STATUS_TEXT[status], requestId: id })
      : errorPage(status, STATUS_TEXT[status], id);

  const route = (path, request, id) => {
    if (path === null) return failure(400, request, id);
    if (!Object.hasOwn(routes, path)) return failure(404, request, id);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      const refusal = failure(405, request, id);
      return { ...refusal, headers: { ...refusal.headers, Allow: 'GET, HEAD' } };
    }
    return routes[path](request, id);
  };

  return async (request, response) => {
    const began = performance.now();
    const id = requestId(request.headers);
    const path = pathOf(request.url);

    response.once('close', () => {
      const finished = response.writableFinished;
      const healthy = finished && response.statusCode === 200 && (path === '/healthz' || path === '/readyz');
      // Load balancer and ECS ask every few seconds: at `info` their lines would be most of the log.
      log[healthy ? 'debug' : levelOf(response.statusCode, finished)](finished ? 'request' : 'request aborted', {
        requestId: id,
        traceId: traceId(request.headers),
        method: request.method,
        path: path ?? request.url.split('?', 1)[0],
        host: request.headers.host,
        status: finished ? response.statusCode : undefined,
        durationMs: Math.round((performance.now() - began) * 10) / 10,
      });
    });

    let answer;
    try {
      // An answer before the end of a body, followed by a close, would reset the connection under the
      // sender's hands: the load balancer then tells its client 502.
      if (!request.complete) {
        request.resume();
        await once(request, 'end');
      }
      answer = route(path, request, id);
    } catch (error) {
      if (request.destroyed && !request.complete) return;
      log.error('request failed', { requestId: id, error });
      answer = failure(500, request, id);
    }
    const body = Buffer.from(answer.body);
    response.writeHead(answer.status, {
      ...answer.headers,
      'Content-Length': body.length,
      'Cache-Control': 'no-store',
      'Referrer-Policy': 'no-referrer',
      Vary: 'Accept',
      'X-Content-Type-Options': 'nosniff',
      'X-Request-Id': id,
      ...(stopping() && { Connection: 'close' }),
    });
    response.end(body);
  };
}

function levelOf(status, finished) {
  if (!finished) return 'warn';
  return status >= 500 && status !== 503 ? 'error' : 'info';
}

function json(status, value) {
  return {
    status,
    headers: { 'Content-Type': 'application/json; charset=utf-8' },
    body: `${JSON.stringify(value, null, 2)}\n`,
  };
}

/** The path without its query, which may hold secrets; null for what is no address. */
function pathOf(target) {
  if (target.startsWith('/')) return target.split('?', 1)[0];
  try {
    return new URL(target).pathname;
  } catch {
    return null;
  }
}

/** What the load balancer tells of the client; null where nothing stands in front of us. */
function forwarded(headers) {
  return {
    scheme: headers['x-forwarded-proto'] ?? null,
    listenerPort: headers['x-forwarded-port'] ?? null,
    // The load balancer adds the address that it saw at the end; all before it are the client's own words.
    client: headers['x-forwarded-for']?.split(',').at(-1).trim() || null,
  };
}
