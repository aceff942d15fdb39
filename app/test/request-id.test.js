import assert from 'node:assert/strict';
import { test } from 'node:test';

import { requestId, traceId } from '../src/request-id.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ROOT = '1-67891233-abcdef012345678912345678';

test('a valid X-Request-Id is used', () => {
  assert.equal(requestId({ 'x-request-id': 'abc-123_4.5' }), 'abc-123_4.5');
});

for (const [what, id] of [
  ['too long', 'a'.repeat(129)],
  ['empty', ''],
  ['two of them', 'one, two'],
  ['markup', '<script>'],
]) {
  test(`an X-Request-Id that is ${what} is replaced`, () => {
    assert.match(requestId({ 'x-request-id': id }), UUID);
  });
}

test("without one the root of the load balancer's trace id is taken", () => {
  assert.equal(requestId({ 'x-amzn-trace-id': `Self=1-67891234-0123;Root=${ROOT}` }), ROOT);
});

test('an invalid trace id is replaced', () => {
  assert.match(requestId({ 'x-amzn-trace-id': 'Root=<script>' }), UUID);
});

test('X-Request-Id takes precedence over the trace id, which is still logged', () => {
  const headers = { 'x-request-id': 'mine', 'x-amzn-trace-id': `Root=${ROOT}` };

  assert.equal(requestId(headers), 'mine');
  assert.equal(traceId(headers), ROOT);
});

test('requests without an id get different ids', () => {
  assert.notEqual(requestId({}), requestId({}));
});
