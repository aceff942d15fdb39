/** The container's health check: exit code 0 if the app answers 200 within two seconds. */

import { get } from 'node:http';

const LIMIT_MS = 2000;

const port = process.env.PORT || 3000;
const request = get(
  { host: '127.0.0.1', port, path: '/healthz', agent: false, signal: AbortSignal.timeout(LIMIT_MS) },
  (response) => {
    if (response.statusCode !== 200) fail(`answered ${response.statusCode}`);
    process.exit();
  },
);
request.on('error', (error) => fail(error.message));

function fail(reason) {
  console.error(`http://127.0.0.1:${port}/healthz: ${reason}`);
  process.exit(1);
}
