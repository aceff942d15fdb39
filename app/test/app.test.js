import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { test } from 'node:test';

import { dial, startApp, TASK } from './helpers.js';

const JSON_PLEASE = { headers: { Accept: 'application/json' } };
const ENV = { ENVIRONMENT: 'dev', SERVICE_NAME: 'alice', IMAGE_VERSION: '3f9ab1c0d2' };

test('browsers get the HTML page', async (t) => {
  const { url } = await startApp(t, { env: ENV, task: TASK });
  const response = await fetch(url, { headers: { Accept: 'text/html,*/*;q=0.8' } });

  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.match(await response.text(), /^<!doctype html>[^]*<h1>alice<\/h1>/);
});

test('clients that accept JSON get JSON', async (t) => {
  const { url, port } = await startApp(t, { env: ENV, task: TASK });
  const response = await fetch(url, {
    headers: {
      Accept: 'application/json',
      'X-Request-Id': 'r-1',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Port': '443',
      'X-Forwarded-For': 'made-up, 203.0.113.7',
    },
  });
  const { startedAt, uptimeSeconds, ...about } = await response.json();

  assert.deepEqual(about, {
    environment: 'dev',
    service: 'alice',
    version: '3f9ab1c0d2',
    instance: TASK.id,
    task: TASK,
    address: TASK.address,
    port,
    node: process.version,
    architecture: process.arch,
    request: {
      id: 'r-1',
      host: `127.0.0.1:${port}`,
      scheme: 'https',
      listenerPort: '443',
      client: '203.0.113.7',
    },
  });
  assert.ok(Math.abs(Date.now() - Date.parse(startedAt)) < 60_000);
  assert.ok(uptimeSeconds >= 0);
});

test('outside ECS the machine is shown in place of the task', async (t) => {
  const { url } = await startApp(t);
  const about = await (await fetch(url, JSON_PLEASE)).json();

  assert.equal(about.task, null);
  assert.equal(about.instance, hostname());
});

test('liveness and readiness checks pass while the app runs', async (t) => {
  const { url } = await startApp(t);

  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
});

test('the query string does not affect routing', async (t) => {
  const { url } = await startApp(t);

  assert.equal((await fetch(`${url}/healthz?verbose=1`)).status, 200);
});

test('HEAD returns the headers of GET without the body', async (t) => {
  const { port } = await startApp(t);
  const client = await dial(t, port);
  client.send('HEAD /healthz HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n');
  const answer = await client.closed();

  assert.match(answer, /^HTTP\/1.1 200 OK\r\n/);
  assert.match(answer, /\r\nContent-Length: 21\r\n/);
  assert.match(answer, /\r\n\r\n$/);
});

test('an unknown path is 404 for every method', async (t) => {
  const { url } = await startApp(t);

  for (const method of ['GET', 'POST']) {
    const response = await fetch(`${url}/nowhere`, { method, ...JSON_PLEASE });
    assert.equal(response.status, 404);
    assert.equal((await response.json()).error, 'Nothing lives at this address');
  }
});

test('browsers get errors as an HTML page', async (t) => {
  const { url } = await startApp(t);
  const response = await fetch(`${url}/<script>`, { headers: { Accept: 'text/html' } });

  assert.equal(response.status, 404);
  assert.match(response.headers.get('content-security-policy'), /default-src 'none'/);
  assert.doesNotMatch(await response.text(), /script/i);
});

test('other methods are 405 with the allowed ones in Allow', async (t) => {
  const { url } = await startApp(t);
  const response = await fetch(url, { method: 'POST', body: 'x', ...JSON_PLEASE });

  assert.equal(response.status, 405);
  assert.equal(response.headers.get('allow'), 'GET, HEAD');
});

for (const [target, status] of [
  ['*', 400],
  ['http://[', 400],
  ['//', 404],
  ['/%E0%A4%A', 404],
  ['/..%2f..%2fetc/passwd', 404],
  ['http://elsewhere.example/healthz', 200],
]) {
  test(`the target ${target} is answered with ${status}`, async (t) => {
    const { port } = await startApp(t);
    const client = await dial(t, port);
    client.send(`GET ${target} HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n`);

    assert.match(await client.closed(), new RegExp(`^HTTP/1.1 ${status} `));
  });
}

test('responses are not cached and not sniffed', async (t) => {
  const { url } = await startApp(t);
  const { headers } = await fetch(url);

  assert.equal(headers.get('cache-control'), 'no-store');
  assert.equal(headers.get('vary'), 'Accept');
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
});

test('a connection serves several requests in turn', async (t) => {
  const { port } = await startApp(t);
  const client = await dial(t, port);
  client.send('POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 3\r\n\r\nabc');
  await client.received(/^HTTP\/1.1 405 [^]*<\/html>/);
  client.send('GET /healthz HTTP/1.1\r\nHost: app\r\n\r\n');

  await client.received(/HTTP\/1.1 200 OK/);
});

test('each request is logged as one line with its id and without its query string', async (t) => {
  const { url, lines } = await startApp(t);
  const root = '1-67891233-abcdef012345678912345678';
  const response = await fetch(`${url}/nowhere?token=secret`, {
    headers: { 'X-Request-Id': 'r-1', 'X-Amzn-Trace-Id': `Root=${root}` },
  });
  await response.text();

  assert.equal(response.headers.get('x-request-id'), 'r-1');
  assert.equal(lines.length, 1);
  const { time, durationMs, host, ...line } = lines[0];
  assert.deepEqual(line, {
    level: 'info',
    msg: 'request',
    requestId: 'r-1',
    traceId: root,
    method: 'GET',
    path: '/nowhere',
    status: 404,
  });
  assert.equal(host, new URL(url).host);
  assert.ok(durationMs >= 0);
  assert.ok(Date.parse(time));
});

test('passing health checks are logged at debug level only', async (t) => {
  const { url, lines } = await startApp(t);
  await (await fetch(`${url}/readyz`)).text();

  assert.equal(lines[0].level, 'debug');
});

test('a client that disconnects before the response is logged as aborted', async (t) => {
  const { port, server, lines } = await startApp(t);
  const client = await dial(t, port);
  client.send('POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 3\r\n\r\na');
  const closed = new Promise((resolve) => {
    server.once('request', (request, response) => {
      response.once('close', resolve);
      request.socket.destroy();
    });
  });
  await closed;

  assert.deepEqual(
    lines.map(({ level, msg, status }) => ({ level, msg, status })),
    [{ level: 'warn', msg: 'request aborted', status: undefined }],
  );
});

test('an internal error is a 500 whose details are only in the log', async (t) => {
  const task = new Proxy({}, { get: () => assert.fail('a secret') });
  const { url, lines } = await startApp(t, { task });
  const response = await fetch(url, JSON_PLEASE);
  const answer = await response.json();

  assert.equal(response.status, 500);
  assert.deepEqual(answer, { error: 'Something went wrong here', requestId: response.headers.get('x-request-id') });
  assert.deepEqual(
    lines.map(({ level, msg, error }) => [level, msg, error?.message]),
    [
      ['error', 'request failed', 'a secret'],
      ['error', 'request', undefined],
    ],
  );
});
