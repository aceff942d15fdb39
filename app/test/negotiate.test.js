import assert from 'node:assert/strict';
import { test } from 'node:test';

import { prefersJson } from '../src/negotiate.js';

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';

for (const [accept, json] of [
  [undefined, false],
  ['*/*', false],
  ['', false],
  [BROWSER, false],
  ['application/json', true],
  ['Application/JSON; charset=utf-8', true],
  ['application/json, text/plain, */*', true],
  ['text/html;q=0.5, application/json', true],
  ['application/json;q=0.5, text/html', false],
  ['application/json, text/html', true],
  ['text/html, application/json', false],
  ['application/*', true],
  ['application/json;q=0, */*', false],
  ['application/json;q=nonsense', false],
]) {
  test(`Accept: ${accept} gets ${json ? 'JSON' : 'the page'}`, () => {
    assert.equal(prefersJson(accept), json);
  });
}
