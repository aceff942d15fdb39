/** The environment variables that the task definition sets, checked once at start-up. */

import { LEVELS } from './log.js';

/** Names every variable that is wrong, with its value and what is allowed. */
export class ConfigError extends Error {}

/**
 * @param {NodeJS.ProcessEnv} env
 * @throws {ConfigError}
 */
export function readConfig(env) {
  const faults = [];

  const wholeNumber = (name, fallback, lowest, highest) => {
    const text = env[name] || String(fallback);
    const number = Number(text);
    if (!/^\d+$/.test(text) || number < lowest || number > highest) {
      faults.push(`${name} is ${JSON.stringify(text)}: a whole number from ${lowest} to ${highest} is allowed`);
    }
    return number;
  };

  const oneOf = (name, fallback, allowed) => {
    const text = env[name] || fallback;
    if (!allowed.includes(text)) {
      faults.push(`${name} is ${JSON.stringify(text)}: one of ${allowed.join(', ')} is allowed`);
    }
    return text;
  };

  const config = {
    // Without a host Node listens on `::` for IPv6 and IPv4, or on 0.0.0.0 where there is no IPv6.
    host: env.HOST || undefined,
    port: wholeNumber('PORT', 3000, 0, 65535),
    environment: env.ENVIRONMENT || 'local',
    service: env.SERVICE_NAME || 'web',
    version: env.IMAGE_VERSION || 'unreleased',
    idleTimeoutSeconds: wholeNumber('IDLE_TIMEOUT_SECONDS', 60, 1, 4000),
    stopTimeoutSeconds: wholeNumber('STOP_TIMEOUT_SECONDS', 30, 1, 3600),
    logLevel: oneOf('LOG_LEVEL', 'info', LEVELS),
    // `public` keeps to itself which task, machine, network and software answered.
    pageDetails: oneOf('PAGE_DETAILS', 'full', ['full', 'public']),
    maxBodyBytes: wholeNumber('MAX_BODY_BYTES', 1_048_576, 0, 1_073_741_824),
    metadataUri: env.ECS_CONTAINER_METADATA_URI_V4 || null,
  };
  if (faults.length > 0) {
    throw new ConfigError(faults.join('; '));
  }
  return config;
}
