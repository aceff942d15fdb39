/** Structured logs: one JSON object per line on standard output, where awslogs picks it up. */

export const LEVELS = ['debug', 'info', 'warn', 'error'];

/**
 * @param {object} options
 * @param {string} [options.level] the least important level that is written
 * @param {object} [options.fields] what every line carries
 * @param {(line: string) => void} [options.write]
 * @param {() => Date} [options.now]
 * @returns {Record<'debug' | 'info' | 'warn' | 'error', (msg: string, fields?: object) => void>}
 */
export function createLog({
  level: least = 'info',
  fields: always = {},
  write = (line) => process.stdout.write(line),
  now = () => new Date(),
} = {}) {
  const log = {};
  for (const [importance, level] of LEVELS.entries()) {
    log[level] = (msg, fields = {}) => {
      if (importance < LEVELS.indexOf(least)) return;
      write(`${JSON.stringify({ time: now(), level, msg, ...always, ...fields }, spellOutErrors)}\n`);
    };
  }
  return log;
}

// JSON.stringify makes `{}` of an Error.
function spellOutErrors(_key, value) {
  if (!(value instanceof Error)) return value;
  const { name, message, code, stack, cause } = value;
  return { name, message, code, stack, cause };
}
