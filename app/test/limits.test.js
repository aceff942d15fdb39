import assert from 'node:assert/strict';
import { test } from 'node:test';

import { dial, startApp, TASK } from './helpers.js';

const PAGE = { headers: { Accept: 'text/html' } };
const JSON_PLEASE = { headers: { Accept: 'application/json' } };
const SMALL = { env: { MAX_BODY_BYTES: '10' } };

/** Say `text` on a connection of its own; resolves with all that was answered until the app hangs up. */
async function say(t, port, text) {
  const client = await dial(t, port);
  client.send(text);
  return client.closed();
}

test('a body with a too large Content-Length is refused before it is sent', async (t) => {
  const { port } = await startApp(t, SMALL);
  const answer = await say(t, port, 'POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 11\r\n\r\nhello world');

  assert.match(answer, /^HTTP\/1.1 413 [^]*\r\nConnection: close\r\n/);
});

test('a chunked body that grows too large is refused', async (t) => {
  const { port } = await startApp(t, SMALL);
  const head = 'POST / HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n';
  const answer = await say(t, port, `${head}b\r\nhello world\r\n`);

  assert.match(answer, /^HTTP\/1.1 413 /);
});

test('a body of the maximum size is accepted', async (t) => {
  const { url } = await startApp(t, SMALL);

  assert.equal((await fetch(url, { method: 'POST', body: '0123456789' })).status, 405);
});

test('a client that keeps sending after the response can still read it', async (t) => {
  const { port } = await startApp(t, SMALL);
  const client = await dial(t, port);
  client.send('POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 300000\r\n\r\n');
  await client.received(/413/);
  for (let sent = 0; sent < 300_000; sent += 50_000) client.send('x'.repeat(50_000));

  assert.match(await client.closed(), /^HTTP\/1.1 413 [^]*too large/);
});

for (const [what, text, status] of [
  ['two hosts', 'GET / HTTP/1.1\r\nHost: app\r\nHost: evil\r\n\r\n', 400],
  ['the same host twice', 'GET /healthz HTTP/1.1\r\nHost: app\r\nhost: app\r\n\r\n', 400],
  ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['two lengths', 'POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na', 400],
  [
    'a length and chunks',
    'POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  ['a header with a line break', 'GET / HTTP/1.1\r\nHost: app\r\nX: a\n b\r\n\r\n', 400],
  ['headers above 16 KiB', `GET / HTTP/1.1\r\nHost: app\r\nX: ${'a'.repeat(17_000)}\r\n\r\n`, 431],
]) {
  test(`a request with ${what} is ${status}, and its connection is closed`, async (t) => {
    const { port } = await startApp(t);

    assert.match(await say(t, port, text), new RegExp(`^HTTP/1.1 ${status} `));
  });
}

test('HTTP/0.9 is refused', async (t) => {
  const { port } = await startApp(t);
  const answer = await say(t, port, 'GET /\r\n\r\n');

  assert.match(answer, /^HTTP\/1.1 (400|505) /);
  assert.doesNotMatch(answer, /<h1>web/);
});

test('HTTP/1.0 without a Host header is answered, as old health checks send it', async (t) => {
  const { port } = await startApp(t);

  assert.match(await say(t, port, 'GET /healthz HTTP/1.0\r\n\r\n'), /^HTTP\/1.1 200 OK/);
});

for (const [what, path, options] of [
  ['the page', '/', PAGE],
  ['JSON', '/', JSON_PLEASE],
  ['an error', '/nowhere', PAGE],
]) {
  test(`${what} has the headers that keep browsers safe`, async (t) => {
    const { url } = await startApp(t);
    const { headers } = await fetch(`${url}${path}`, options);

    assert.match(headers.get('content-security-policy'), /^default-src 'none'.*frame-ancestors 'none'/);
    for (const [name, value] of [
      ['x-content-type-options', 'nosniff'],
      ['x-frame-options', 'DENY'],
      ['referrer-policy', 'no-referrer'],
      ['cross-origin-opener-policy', 'same-origin'],
      ['cross-origin-resource-policy', 'same-origin'],
    ]) {
      assert.equal(headers.get(name), value);
    }
    assert.match(headers.get('permissions-policy'), /camera=\(\)/);
    assert.equal(headers.get('x-powered-by'), null);
    assert.equal(headers.get('server'), null);
  });
}

test('public mode hides task, machine and network', async (t) => {
  const { url, port } = await startApp(t, { env: { PAGE_DETAILS: 'public', IMAGE_VERSION: '3f9' }, task: TASK });
  const { startedAt, uptimeSeconds, request, ...about } = await (await fetch(url, JSON_PLEASE)).json();
  const page = await (await fetch(url, PAGE)).text();

  assert.deepEqual({ ...about, instance: undefined }, {
    environment: 'local',
    service: 'web',
    version: '3f9',
    instance: undefined,
  });
  assert.match(about.instance, /^[0-9a-f]{12}$/);
  for (const inside of [TASK.id, TASK.id.slice(0, 8), TASK.address, TASK.family, TASK.zone, process.version]) {
    assert.ok(!page.includes(inside), inside);
  }
  assert.doesNotMatch(page, new RegExp(`port ${port}|Runs on|Cluster|undefined|null`));
  assert.match(page, /answered by task/);
});

test('public mode still shows whether it is the same task', async (t) => {
  const instances = [];
  for (const id of ['one', 'two', 'one']) {
    const { url } = await startApp(t, { env: { PAGE_DETAILS: 'public' }, task: { ...TASK, id } });
    instances.push((await (await fetch(url, JSON_PLEASE)).json()).instance);
  }

  assert.equal(instances[0], instances[2]);
  assert.notEqual(instances[0], instances[1]);
});
