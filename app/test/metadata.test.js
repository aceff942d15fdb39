import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';

import { ownAddress, readTask } from '../src/metadata.js';
import { listen, recordingLog } from './helpers.js';

const ANSWER = {
  Cluster: 'arn:aws:ecs:us-east-1:111122223333:cluster/dev',
  TaskARN: 'arn:aws:ecs:us-east-1:111122223333:task/dev/9f3a1c2e77aa4b0f9d1e0c1122334455',
  Family: 'dev-web',
  Revision: '7',
  AvailabilityZone: 'us-east-1b',
  LaunchType: 'FARGATE',
  Containers: [{ Name: 'web', Networks: [{ NetworkMode: 'awsvpc', IPv4Addresses: ['10.0.18.42'] }] }],
};

/** An endpoint that gives these answers, one for each request. */
async function endpoint(t, ...answers) {
  const requests = [];
  const server = createServer((request, response) => {
    requests.push(request.url);
    answers.shift()?.(response);
  });
  const port = await listen(t, server);
  return { uri: `http://127.0.0.1:${port}/v4/token`, requests };
}

const json = (value) => (response) => response.end(JSON.stringify(value));
const refuse = (response) => response.writeHead(500).end();
const redirect = (response) => response.writeHead(302, { Location: '/elsewhere' }).end();
const stayMute = () => {};

const quick = (log) => ({ log, timeoutMs: 50, pausesMs: [] });

test('the task is described from the ECS metadata endpoint', async (t) => {
  const { uri, requests } = await endpoint(t, json(ANSWER));

  assert.deepEqual(await readTask(uri, recordingLog()), {
    id: '9f3a1c2e77aa4b0f9d1e0c1122334455',
    family: 'dev-web',
    revision: '7',
    cluster: 'dev',
    zone: 'us-east-1b',
    launchType: 'FARGATE',
    address: '10.0.18.42',
  });
  assert.deepEqual(requests, ['/v4/token/task']);
});

test("missing metadata is null, and the address falls back to the machine's", async (t) => {
  const { uri } = await endpoint(t, json({ Containers: [{ Name: 'web' }] }));

  assert.deepEqual(await readTask(uri, recordingLog()), {
    id: null,
    family: null,
    revision: null,
    cluster: null,
    zone: null,
    launchType: null,
    address: ownAddress(),
  });
});

test('outside ECS there is no task and no warning', async () => {
  const { log, lines } = recordingLog();

  assert.equal(await readTask(null, { log }), null);
  assert.deepEqual(lines, []);
});

test('a metadata endpoint that refuses at first is queried again', async (t) => {
  const { uri } = await endpoint(t, refuse, json(ANSWER));

  assert.equal((await readTask(uri, { ...recordingLog(), pausesMs: [1] })).zone, 'us-east-1b');
});

for (const [what, ...answers] of [
  ['refuses', refuse],
  ['says nothing', stayMute],
  ['talks nonsense', (response) => response.end('<html>')],
  ['answers null', json(null)],
  ['leads elsewhere', redirect, json(ANSWER)],
]) {
  test(`an endpoint that ${what} leaves the task unknown and the app running`, async (t) => {
    const { uri } = await endpoint(t, ...answers);
    const { log, lines } = recordingLog();

    assert.equal(await readTask(uri, quick(log)), null);
    assert.equal(lines[0].level, 'warn');
  });
}
