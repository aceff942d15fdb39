import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import { badge } from '../src/badge.js';
import { duration, errorPage, mainPage } from '../src/page.js';
import { TASK } from './helpers.js';

const ABOUT = {
  environment: 'dev',
  service: 'web',
  version: '3f9ab1c0d2',
  instance: TASK.id,
  task: TASK,
  address: TASK.address,
  port: 3000,
  node: 'v24.0.0',
  architecture: 'arm64',
  startedAt: '2026-01-02T03:04:05.678Z',
  uptimeSeconds: 3725,
  request: { id: 'r-1', host: 'alice.dev.example.com', scheme: 'https', listenerPort: '443', client: '203.0.113.7' },
};

/** What a person reads. */
const read = ({ body }) =>
  body
    .replace(/<style>.*<\/style>/s, '')
    .replace(/<wbr>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');

test('the page shows which task answered', () => {
  const text = read(mainPage(ABOUT));

  for (const words of [
    'dev',
    'answered by task 9f3a1c2e ',
    'Version 3f9ab1c0d2',
    'Up for 1 h 2 min',
    'dev-web:7',
    'Request ID r-1',
    'Reload Another pattern means that another task answered.',
  ]) {
    assert.ok(text.includes(words), words);
  }
});

test("the page shows the request's path step by step", () => {
  assert.match(
    read(mainPage(ABOUT)),
    new RegExp(
      'Browser You from 203.0.113.7 Name alice.dev.example.com found by Route 53 ' +
        'Load balancer HTTPS 443 listener of dev Target group web HTTP to port 3000 ' +
        'Task 10.0.18.42 zone us-east-1b',
    ),
  );
});

test('without a load balancer the page shows none', () => {
  const request = { ...ABOUT.request, scheme: null, listenerPort: null, client: null };
  const page = mainPage({ ...ABOUT, request });
  const text = read(page);

  assert.equal(page.body.match(/class="skipped"/g).length, 2);
  assert.match(text, /Load balancer not on the way/);
  assert.match(text, /Target group not on the way/);
  assert.doesNotMatch(text, /Route 53|HTTPS/);
});

test('without a task the page shows the machine', () => {
  const text = read(mainPage({ ...ABOUT, instance: 'laptop', task: null, address: null }));

  assert.match(text, /answered by machine laptop/);
  assert.doesNotMatch(text, /null|undefined|Task/);
});

test('values from outside are escaped', () => {
  const evil = `"><script>alert('&')</script>`;
  const about = {
    ...ABOUT,
    environment: evil,
    service: evil,
    version: evil,
    instance: evil,
    task: Object.fromEntries(Object.keys(TASK).map((key) => [key, evil])),
    address: evil,
    request: Object.fromEntries(Object.keys(ABOUT.request).map((key) => [key, evil])),
  };
  const tags = ({ body }) => body.replaceAll('<wbr>', '').match(/<\w+/g);

  for (const { body } of [mainPage(about), errorPage(404, evil, evil)]) {
    assert.doesNotMatch(body, /<script|alert\('/);
  }
  assert.deepEqual(tags(mainPage(about)), tags(mainPage(ABOUT)));
});

test("the content security policy allows only the page's own style", () => {
  const { body, headers } = mainPage(ABOUT);
  const style = /<style>(.*)<\/style>/s.exec(body)[1];
  const hash = createHash('sha256').update(style).digest('base64');

  assert.equal(
    headers['Content-Security-Policy'],
    `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'; ` +
      "frame-ancestors 'none'",
  );
  assert.doesNotMatch(body, / style=/);
});

test('the page loads no other resources', () => {
  const { body } = mainPage(ABOUT);

  assert.doesNotMatch(body, /<script|<img|<iframe|@import|url\(/);
  assert.deepEqual(
    [...body.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, address]) => address.slice(0, 5)),
    ['data:', ''],
  );
});

test('each task has its own look', () => {
  const looks = (id) => {
    const { hue, svg } = badge(id);
    return `${hue} ${svg}`;
  };

  assert.equal(looks('a'), looks('a'));
  assert.notEqual(looks('a'), looks('b'));
});

test('the page has the colour of its task', () => {
  assert.ok(mainPage(ABOUT).body.includes(`--hue:${badge(TASK.id).hue}`));
});

for (const [seconds, words] of [
  [0, '0 s'],
  [59, '59 s'],
  [60, '1 min'],
  [3600, '1 h'],
  [3661, '1 h 1 min'],
  [3605, '1 h'],
  [90_000, '1 d 1 h'],
]) {
  test(`${seconds} seconds are ${words}`, () => {
    assert.equal(duration(seconds), words);
  });
}
