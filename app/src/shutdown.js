/** Stops a server without losing a request that it has taken. */

import { Server as TcpServer } from 'node:net';

/**
 * @param {import('node:http').Server} server
 * @param {object} options
 * @param {ReturnType<import('./log.js').createLog>} options.log
 * @param {number} options.deadlineMs when connections that are still open are cut
 * @param {number} [options.quietMs] how long idle connections, and new ones, may still bring a request that is
 *   under way to us
 */
export function createShutdown(server, { log, deadlineMs, quietMs = 1000 }) {
  const unused = new Set();
  let silent = new Set();
  let inFlight = 0;
  let stopped;

  server.on('connection', (socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('request', (request, response) => {
    unused.delete(request.socket);
    inFlight += 1;
    response.once('close', () => {
      inFlight -= 1;
    });
  });

  const closeIdle = () => {
    server.closeIdleConnections();
    // Node does not count an unused connection as idle, so a browser's spare one would delay the exit. Nothing has
    // been read yet of one that was just accepted, even if it has sent a request.
    const before = silent;
    silent = new Set([...unused].filter((socket) => socket.bytesRead === 0));
    for (const socket of silent) {
      if (before.has(socket)) socket.destroy();
    }
  };

  const close = () =>
    new Promise((resolve) => {
      let sweep;
      // Who sends to us learns late that we stop, and a connection that the system has accepted for us, but
      // that we have not yet seen, would be reset: until it is quiet everybody is answered, and sent away.
      const refuse = () => {
        // http.Server's own close() would cut idle connections at once, and with them the requests that
        // have been sent but not yet read.
        TcpServer.prototype.close.call(server, () => {
          clearInterval(sweep);
          clearTimeout(deadline);
          resolve();
        });
        closeIdle();
        sweep = setInterval(closeIdle, 100);
      };
      // On a busy machine the time may be over before we have looked at what came meanwhile: hence the
      // immediate, which runs after that look.
      setTimeout(() => setImmediate(refuse), Math.min(quietMs, deadlineMs));
      const deadline = setTimeout(() => {
        log.warn('out of time: cutting what is still open', { inFlight });
        server.closeAllConnections();
      }, deadlineMs);
    });

  return {
    /** Whether `stop` was called. */
    get stopping() {
      return stopped !== undefined;
    },

    /** How many requests are being answered. */
    get inFlight() {
      return inFlight;
    },

    /** Answer what still comes, then stop; resolves with the last connection's end. Asking again changes nothing. */
    stop() {
      stopped ??= close();
      return stopped;
    },
  };
}

/**
 * How long shutting down may take: a little less than the stop timeout, so that we end before SIGKILL.
 *
 * @param {number} stopTimeoutSeconds
 */
export function shutdownDeadlineMs(stopTimeoutSeconds) {
  return stopTimeoutSeconds * 1000 - Math.min(3000, stopTimeoutSeconds * 250);
}
