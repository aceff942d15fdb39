/** What ECS tells a container about its task. */

import { networkInterfaces } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Ask the task metadata endpoint. Never throws: a page without a task id is better than no page.
 *
 * @param {string | null} uri ECS_CONTAINER_METADATA_URI_V4, or null outside ECS
 * @param {object} options
 * @param {ReturnType<import('./log.js').createLog>} options.log
 * @param {number} [options.timeoutMs] how long one try may take
 * @param {number[]} [options.pausesMs] how long to wait before each further try; the endpoint can be a moment
 *   behind the container
 */
export async function readTask(uri, { log, timeoutMs = 2000, pausesMs = [250, 1000] }) {
  if (uri === null) return null;
  for (let attempt = 0; ; attempt += 1) {
    try {
      const response = await fetch(`${uri}/task`, { redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
      if (!response.ok) throw new Error(`the task metadata endpoint answered ${response.status}`);
      return describeTask(await response.json());
    } catch (error) {
      if (attempt === pausesMs.length) {
        log.warn('no task metadata: the page will not know its task', { error });
        return null;
      }
      await pause(pausesMs[attempt], undefined, { ref: false });
    }
  }
}

/** @param {any} answer the endpoint's JSON, of which any part may be missing */
function describeTask(answer) {
  const addresses = (answer.Containers ?? [])
    .flatMap((container) => container.Networks ?? [])
    .flatMap((network) => network.IPv4Addresses ?? []);
  return {
    id: lastPart(answer.TaskARN),
    family: text(answer.Family),
    revision: text(answer.Revision),
    cluster: lastPart(answer.Cluster),
    zone: text(answer.AvailabilityZone),
    launchType: text(answer.LaunchType),
    address: text(addresses[0]) ?? ownAddress(),
  };
}

/**
 * The first IPv4 address of this machine that others can reach.
 *
 * @returns {string | null}
 */
export function ownAddress() {
  const addresses = Object.values(networkInterfaces()).flat();
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? null;
}

function lastPart(arn) {
  return text(arn)?.split('/').at(-1) ?? null;
}

function text(value) {
  return value === undefined || value === null || value === '' ? null : String(value);
}
