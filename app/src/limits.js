/** What a request may be: anything else is refused before a route sees it, and its connection is closed. */

import { setTimeout as pause } from 'node:timers/promises';

const LINGER_MS = 2000;
const LINGER_BYTES = 4 * 1024 * 1024;

/** A request's body is larger than `MAX_BODY_BYTES`. */
export class BodyTooLargeError extends Error {}

/**
 * Return the status with which a request is refused whatever its path, or null if it is accepted.
 *
 * Node itself refuses malformed requests, a missing Host, headers above 16 KiB, and a body with two lengths
 * (Transfer-Encoding beside Content-Length).
 *
 * @param {import('node:http').IncomingMessage} request
 * @param {number} maxBodyBytes
 * @returns {400 | 413 | 505 | null}
 */
export function refusal(request, maxBodyBytes) {
  // HTTP/0.9 has no headers: what arrives as that was cut off, or is somebody's try.
  if (request.httpVersion !== '1.1' && request.httpVersion !== '1.0') return 505;
  // Node takes the first of several; a proxy in front may have taken the last.
  const hosts = request.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host');
  if (hosts.length > 1) return 400;
  if (Number(request.headers['content-length']) > maxBodyBytes) return 413;
  return null;
}

/**
 * Read a request to its end, which nobody needs: an answer before the end of a body, followed by a close, would
 * reset the connection under the sender's hands, and the load balancer tells its client 502 then.
 *
 * @param {import('node:http').IncomingMessage} request
 * @param {number} maxBodyBytes
 * @throws {BodyTooLargeError} as soon as it is known
 */
export async function readToEnd(request, maxBodyBytes) {
  if (request.complete) {
    request.resume();
    return;
  }
  let bytes = 0;
  await new Promise((resolve, reject) => {
    request.on('data', (chunk) => {
      bytes += chunk.length;
      if (bytes > maxBodyBytes) reject(new BodyTooLargeError(`a body of more than ${maxBodyBytes} bytes`));
    });
    request.once('end', resolve);
    request.once('error', reject);
    request.once('close', () => reject(new Error('the client left')));
  });
}

/**
 * Go on reading for a moment after an answer that came before the body's end, so that the sender gets to read it.
 *
 * @param {import('node:http').IncomingMessage} request
 */
export async function linger(request) {
  let bytes = 0;
  const enough = new Promise((resolve) => {
    request.on('data', (chunk) => {
      bytes += chunk.length;
      if (bytes > LINGER_BYTES) resolve();
    });
    request.once('close', resolve);
    request.once('end', resolve);
  });
  await Promise.race([enough, pause(LINGER_MS, undefined, { ref: false })]);
}
