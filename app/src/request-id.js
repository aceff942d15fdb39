/** One id for each request, the same in the answer and in the log. */

import { randomUUID } from 'node:crypto';

const SANE = /^[\w.:=@+/-]{1,128}$/;
const TRACE_ROOT = /(?:^|;)\s*Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;|$)/i;

/**
 * The caller's X-Request-Id, or the load balancer's trace id, or a new one. What is too long, or could be
 * mistaken for something else in a log or a header, counts as not sent.
 *
 * @param {import('node:http').IncomingHttpHeaders} headers
 * @returns {string}
 */
export function requestId(headers) {
  const given = headers['x-request-id'];
  if (typeof given === 'string' && SANE.test(given)) return given;
  return traceId(headers) ?? randomUUID();
}

/**
 * The root of X-Amzn-Trace-Id: what the load balancer's access log calls `trace_id`.
 *
 * @param {import('node:http').IncomingHttpHeaders} headers
 * @returns {string | undefined}
 */
export function traceId(headers) {
  return TRACE_ROOT.exec(headers['x-amzn-trace-id'] ?? '')?.[1];
}
