import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ConfigError, readConfig } from '../src/config.js';

test('every setting has a default', () => {
  assert.deepEqual(readConfig({}), {
    host: undefined,
    port: 3000,
    environment: 'local',
    service: 'web',
    version: 'unreleased',
    idleTimeoutSeconds: 60,
    stopTimeoutSeconds: 30,
    logLevel: 'info',
    pageDetails: 'full',
    maxBodyBytes: 1_048_576,
    metadataUri: null,
  });
});

test('an empty variable counts as not set', () => {
  assert.equal(readConfig({ PORT: '', ENVIRONMENT: '' }).port, 3000);
});

test('variables of the task definition override the defaults', () => {
  const config = readConfig({ PORT: '8080', IDLE_TIMEOUT_SECONDS: '4000', STOP_TIMEOUT_SECONDS: '120' });

  assert.equal(config.port, 8080);
  assert.equal(config.idleTimeoutSeconds, 4000);
  assert.equal(config.stopTimeoutSeconds, 120);
});

test('all invalid settings are reported at once, with value and allowed values', () => {
  assert.throws(
    () => readConfig({ PORT: '65536', STOP_TIMEOUT_SECONDS: '1.5', LOG_LEVEL: 'loud', PAGE_DETAILS: 'some' }),
    (error) =>
      error instanceof ConfigError &&
      error.message ===
        'PORT is "65536": a whole number from 0 to 65535 is allowed; ' +
          'STOP_TIMEOUT_SECONDS is "1.5": a whole number from 1 to 3600 is allowed; ' +
          'LOG_LEVEL is "loud": one of debug, info, warn, error is allowed; ' +
          'PAGE_DETAILS is "some": one of full, public is allowed',
  );
});
