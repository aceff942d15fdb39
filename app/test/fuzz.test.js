/** Requests that no client sends, by raw sockets. The same ones in each run: a failure can be looked at again. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { dial, startApp } from './helpers.js';

const SEEDS = 300;
const AT_ONCE = 20;
const GIVE_UP_MS = 5000;

const LINES = ['GET / HTTP/1.1', 'POST /healthz HTTP/1.1', 'HEAD /readyz HTTP/1.0', 'OPTIONS * HTTP/1.1', 'GET //..%00'];
const HEADERS = [
  'Host: app',
  'Host: evil',
  'Accept: text/html;q=NaN,application/json;q=1e999',
  'Accept: */*',
  'Content-Length: 3',
  'Content-Length: -1',
  'Content-Length: 99999999999999999999',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: chunked, identity',
  'X-Request-Id: <script>alert(1)</script>',
  'X-Forwarded-For: , ,<b>',
  'X-Forwarded-Proto: javascript',
  'X-Amzn-Trace-Id: Root=;;Root=1-',
  'Expect: 100-continue',
  'Expect: the worst',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Connection: close, keep-alive',
  '__proto__: polluted',
  ': nameless',
];
const BODIES = ['', 'abc', '3\r\nabc\r\n0\r\n\r\n', 'ffffffffffff\r\n', '\0\0\0', 'GET / HTTP/1.1\r\nHost: app\r\n\r\n'];

/** Marsaglia's xorshift: numbers that look random and follow from the seed. */
function random(seed) {
  let state = seed * 2654435761 + 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function requestOf(seed) {
  const below = random(seed);
  const pick = (list) => list[below(list.length)];
  const headers = Array.from({ length: below(6) }, () => pick(HEADERS));
  const bytes = Buffer.from([pick(LINES), ...headers, '', pick(BODIES)].join('\r\n'), 'latin1');
  for (let flips = below(4); flips > 0; flips -= 1) bytes[below(bytes.length)] = below(256);
  return below(4) === 0 ? bytes.subarray(0, below(bytes.length)) : bytes;
}

test('malformed input gets an HTTP error and the app keeps running', { timeout: 60_000 }, async (t) => {
  const { port, url, lines } = await startApp(t);

  const attack = async (seed) => {
    const client = await dial(t, port);
    client.send(requestOf(seed));
    client.finish();
    const silence = setTimeout(() => client.hangUp(), GIVE_UP_MS);
    const answer = await client.closed();
    clearTimeout(silence);
    assert.match(answer, /^(HTTP\/1\.1 [1-5]\d\d |$)/, `seed ${seed}: ${JSON.stringify(answer.slice(0, 80))}`);
    // What came from outside is never markup, neither in a header nor in a page.
    assert.ok(!answer.includes('<script>alert(1)'), `seed ${seed}`);
  };
  for (let seed = 0; seed < SEEDS; seed += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => attack(seed + index)));
  }

  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  assert.deepEqual(
    lines.filter(({ level }) => level === 'error'),
    [],
  );
  assert.equal({}.polluted, undefined);
});

test('a client that sends its headers byte by byte does not delay others', async (t) => {
  const { port, url } = await startApp(t);
  const slow = await Promise.all(Array.from({ length: 50 }, () => dial(t, port)));
  for (const client of slow) client.send('GET / HTTP/1.1\r\nHost: a');

  assert.equal((await fetch(`${url}/healthz`)).status, 200);
});
