import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

import { dial, listen, runScript, startProcess } from './helpers.js';

const METADATA = { TaskARN: 'arn:aws:ecs:us-east-1:111122223333:task/dev/9f3a1c2e', AvailabilityZone: 'us-east-1b' };

for (const signal of ['SIGTERM', 'SIGINT']) {
  test(`${signal} ends it with 0, after the request in flight`, async (t) => {
    const app = await startProcess(t, { LOG_LEVEL: 'debug' });
    const client = await dial(t, app.port);
    client.send('GET /healthz HTTP/1.1\r\nHost: app\r\n\r\n');
    await client.received(/200 OK/);
    client.send('GET / HTTP/1.1\r\nHost: app\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\n');
    await client.received(/100 Continue/);
    app.child.kill(signal);
    assert.equal((await app.logged('stopping')).inFlight, 1);
    client.send('abcdef');

    assert.match(await client.closed(), /100 Continue[^]*HTTP\/1.1 200 OK[^]*<\/html>/);
    assert.deepEqual(await app.exited, { code: 0, signal: null });
    assert.deepEqual(
      app.lines.map(({ msg }) => msg),
      ['listening', 'request', 'stopping', 'request', 'stopped'],
    );
  });
}

test('a client that never finishes does not delay the exit beyond the stop timeout', async (t) => {
  const app = await startProcess(t, { STOP_TIMEOUT_SECONDS: '1' });
  const client = await dial(t, app.port);
  client.send('GET / HTTP/1.1\r\nHost: app\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\n');
  await client.received(/100 Continue/);
  app.child.kill('SIGTERM');

  assert.deepEqual(await app.exited, { code: 0, signal: null });
  assert.ok((await app.logged('stopped')).durationMs < 1000);
});

test('idle connections are kept longer than the load balancer keeps them', async (t) => {
  const { url } = await startProcess(t, { IDLE_TIMEOUT_SECONDS: '4000' });

  assert.equal((await fetch(url)).headers.get('keep-alive'), 'timeout=4005');
});

test('the app answers before ECS metadata arrives, and shows it afterwards', async (t) => {
  const metadata = createServer();
  const requested = once(metadata, 'request');
  const uri = `http://127.0.0.1:${await listen(t, metadata)}`;
  const { url } = await startProcess(t, { ECS_CONTAINER_METADATA_URI_V4: uri });
  const about = async () => (await fetch(url, { headers: { Accept: 'application/json' } })).json();
  const [, response] = await requested;

  assert.equal((await about()).task, null);
  response.end(JSON.stringify(METADATA));
  while ((await about()).task === null);
  assert.equal((await about()).instance, '9f3a1c2e');
});

test('every log line names environment, service and version', async (t) => {
  const app = await startProcess(t, { ENVIRONMENT: 'dev', SERVICE_NAME: 'alice', IMAGE_VERSION: '3f9' });
  const { environment, service, version } = await app.logged('listening');

  assert.deepEqual({ environment, service, version }, { environment: 'dev', service: 'alice', version: '3f9' });
});

/** Run to the end: what was printed, and the exit code. */
async function outcome(script, env) {
  const child = runScript(script, env);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { stdout, stderr, code };
}

test('an invalid setting exits with one line that names it', async () => {
  const { stdout, stderr, code } = await outcome('server.js', { PORT: 'http' });

  assert.equal(code, 1);
  assert.equal(stderr, '');
  assert.equal(JSON.parse(stdout).msg, 'PORT is "http": a whole number from 0 to 65535 is allowed');
});

test('a port in use exits with one line that says so', async (t) => {
  const port = await listen(t, createServer());
  const { stdout, code } = await outcome('server.js', { HOST: '127.0.0.1', PORT: String(port) });

  assert.equal(code, 1);
  assert.equal(JSON.parse(stdout).error.code, 'EADDRINUSE');
});

test('the health check passes while the app is live', async (t) => {
  const { port } = await startProcess(t);

  assert.deepEqual(await outcome('health-check.js', { PORT: String(port) }), { stdout: '', stderr: '', code: 0 });
});

for (const [what, listener] of [
  ['is unwell', (request, response) => response.writeHead(500).end()],
  ['says nothing', () => {}],
]) {
  test(`the health check fails when the app ${what}`, async (t) => {
    const port = await listen(t, createServer(listener));
    const { stderr, code } = await outcome('health-check.js', { PORT: String(port) });

    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`^http://127.0.0.1:${port}/healthz: .+\n$`));
  });
}

test('the health check fails without a running app', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));

  assert.equal((await outcome('health-check.js', { PORT: String(port) })).code, 1);
});
