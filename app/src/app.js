/** What the app answers to a request. */

import { createHash } from 'node:crypto';
import { hostname } from 'node:os';

import { BodyTooLargeError, linger, readToEnd, refusal } from './limits.js';
import { ownAddress } from './metadata.js';
import { prefersJson } from './negotiate.js';
import { errorPage, mainPage } from './page.js';
import { requestId, traceId } from './request-id.js';

const STATUS_TEXT = {
  400: 'This address cannot be read',
  404: 'Nothing lives at this address',
  405: 'This address can only be read',
  413: 'This request is too large',
  500: 'Something went wrong here',
  505: 'This version of HTTP is not spoken here',
};

const EVERYWHERE = {
  'Cache-Control': 'no-store',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'Referrer-Policy': 'no-referrer',
  Vary: 'Accept',
  'X-Content-Type-Options': 'nosniff',
  // For browsers that do not know `frame-ancestors`.
  'X-Frame-Options': 'DENY',
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

  const forEverybody = (request, id) => ({
    environment: config.environment,
    service: config.service,
    version: config.version,
    startedAt: startedAt.toISOString(),
    uptimeSeconds: Math.floor((Date.now() - startedAt.getTime()) / 1000),
    request: { id, host: request.headers.host ?? null, ...forwarded(request.headers) },
  });

  const about = (request, id) => {
    const instance = task()?.id ?? hostname();
    // Tells tasks apart without saying what they are called.
    const alias = createHash('sha256').update(instance).digest('hex').slice(0, 12);
    return config.pageDetails === 'public'
      ? { ...forEverybody(request, id), instance: alias }
      : { ...forEverybody(request, id), ...internals(request), instance };
  };

  const internals = (request) => ({
    task: task(),
    address: task()?.address ?? ownAddress(),
    port: request.socket.localPort,
    node: process.version,
    architecture: process.arch,
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
    let refused = refusal(request, config.maxBodyBytes);
    try {
      if (refused === null) await readToEnd(request, config.maxBodyBytes);
      answer = refused === null ? route(path, request, id) : failure(refused, request, id);
    } catch (error) {
      if (error instanceof BodyTooLargeError) {
        refused = 413;
        answer = failure(refused, request, id);
      } else if (request.destroyed && !request.complete) return;
      else {
        log.error('request failed', { requestId: id, error });
        answer = failure(500, request, id);
      }
    }
    const body = Buffer.from(answer.body);
    response.writeHead(answer.status, {
      ...EVERYWHERE,
      ...answer.headers,
      'Content-Length': body.length,
      'X-Request-Id': id,
      ...((stopping() || refused !== null) && { Connection: 'close' }),
    });
    // Ending the answer closes the connection.
    if (refused !== null && !request.complete) {
      response.write(body);
      await linger(request);
      response.end();
    } else {
      response.end(body);
    }
  };
}

function levelOf(status, finished) {
  if (!finished) return 'warn';
  return status === 500 ? 'error' : 'info';
}

function json(status, value) {
  return {
    status,
    headers: {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    },
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
