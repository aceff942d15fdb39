import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createLog } from '../src/log.js';

const now = () => new Date('2026-01-02T03:04:05.678Z');

function lineOf(say, options = {}) {
  const lines = [];
  say(createLog({ now, write: (line) => lines.push(line), ...options }));
  return lines;
}

test('a log line is one JSON object that starts with time, level and message', () => {
  const [line] = lineOf((log) => log.info('hello', { status: 200 }), { fields: { service: 'web' } });

  assert.equal(
    line,
    '{"time":"2026-01-02T03:04:05.678Z","level":"info","msg":"hello","service":"web","status":200}\n',
  );
});

test('line breaks in values are escaped', () => {
  const [line] = lineOf((log) => log.info('hello', { path: '/a\n{"level":"error"}' }));

  assert.equal(line.indexOf('\n'), line.length - 1);
});

test('lines below the log level are not written', () => {
  assert.deepEqual(
    lineOf((log) => log.info('hello'), { level: 'warn' }),
    [],
  );
});

test('errors are logged with stack and cause', () => {
  const error = new Error('outer', { cause: new Error('inner') });
  const [line] = lineOf((log) => log.error('failed', { error }));

  const written = JSON.parse(line).error;
  assert.equal(written.message, 'outer');
  assert.equal(written.cause.message, 'inner');
  assert.match(written.stack, /log\.test\.js/);
});
