/** Whether a client would rather have JSON than a page. */

/**
 * By weight; with equal weights what is named outright beats a wildcard, then what is named first wins. A client
 * that does not care gets the page.
 *
 * @param {string} [accept] the Accept header
 * @returns {boolean}
 */
export function prefersJson(accept = '*/*') {
  const ranges = accept.split(',').map((range, position) => {
    const [type, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    return { type, weight: weight === undefined ? 1 : Number(weight) || 0, position };
  });
  const json = best(ranges, ['application/json', 'application/*', '*/*']);
  const page = best(ranges, ['text/html', 'text/*', '*/*']);
  if (json.weight === 0) return false;
  if (json.weight !== page.weight) return json.weight > page.weight;
  if (json.vagueness !== page.vagueness) return json.vagueness < page.vagueness;
  return json.position < page.position;
}

/** The most precise range that matches is the one that counts. */
function best(ranges, matching) {
  for (const [vagueness, type] of matching.entries()) {
    const range = ranges.find((candidate) => candidate.type === type);
    if (range) return { ...range, vagueness };
  }
  return { weight: 0, vagueness: matching.length, position: ranges.length };
}
