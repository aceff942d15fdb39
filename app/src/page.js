/** The pages that the app shows: no script, nothing from elsewhere, one style that the browser knows by its hash. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { badge } from './badge.js';
import { html, trusted } from './html.js';

const CSS = readFileSync(new URL('./page.css', import.meta.url), 'utf8');

const ICONS = {
  browser: 'M3 5h18v14H3zM3 9h18M6 7h.01M9 7h.01',
  name: 'M12 3v18M5 5h12l3 2.5L17 10H5zM19 12H8l-3 2 3 2h11z',
  balancer: 'M12 3v6M12 9 5 15v5M12 9l7 6v5M12 9v11',
  group: 'M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h6v6h-6z',
};

/** @param {object} about what the app knows of itself and of this request */
export function mainPage(about) {
  const { environment, service, version, instance, task, request } = about;
  const { hue, svg } = badge(instance);
  const name = shortId(instance);
  return page({
    status: 200,
    hue,
    svg,
    title: `${service} · ${environment} · ${name}`,
    main: html`
      <header>
        <p class="environment">${environment}</p>
        <h1>${service}</h1>
        <p class="answered">
          <span class="badge">${svg}</span>
          <span>answered by ${task || !about.node ? 'task' : 'machine'} <code title="${instance}">${name}</code></span>
        </p>
      </header>

      <section aria-labelledby="way">
        <h2 id="way">The way your request took</h2>
        <ol class="way">
          ${stations(about).map(
            ({ icon, label, value, detail, skipped }) => html`
              <li${skipped ? trusted(' class="skipped"') : ''}>
                <span class="stop">${icon}</span>
                <span class="label">${label}</span>
                <strong>${value}</strong>
                <span class="detail">${detail}</span>
              </li>
            `,
          )}
        </ol>
      </section>

      <section aria-labelledby="facts">
        <h2 id="facts">Who answered</h2>
        <dl class="facts">
          ${[
            ['Version', html`<code>${version}</code>`],
            ['Up for', html`<time datetime="PT${about.uptimeSeconds}S">${duration(about.uptimeSeconds)}</time>`],
            ['Task definition', task?.family && html`<code>${task.family}:${task.revision}</code>`],
            ['Cluster', task?.cluster],
            ['Runs on', [task?.launchType, about.node && `Node ${about.node}`, about.architecture].filter(Boolean).join(' · ')],
            ['Request ID', html`<code>${request.id}</code>`],
          ]
            .filter(([, fact]) => fact)
            .map(([label, fact]) => html`<div><dt>${label}</dt><dd>${fact}</dd></div>`)}
        </dl>
      </section>

      <footer>
        <a href="">Reload</a>
        <p>Another pattern means that another task answered. With <code>Accept: application/json</code> this is JSON.</p>
      </footer>
    `,
  });
}

/**
 * @param {number} status
 * @param {string} message
 * @param {string} id the request's
 */
export function errorPage(status, message, id) {
  const { hue, svg } = badge(String(status));
  return page({
    status,
    hue,
    svg,
    title: `${status} · ${message}`,
    main: html`
      <header>
        <p class="environment">${status}</p>
        <h1>${message}</h1>
        <p>The log knows this request as <code>${id}</code>.</p>
      </header>
    `,
  });
}

function stations({ environment, service, port, address, instance, task, request, node }) {
  const balanced = request.scheme !== null;
  const way = [
    {
      icon: icon('browser'),
      label: 'Browser',
      value: 'You',
      detail: request.client ? `from ${request.client}` : '',
    },
    {
      icon: icon('name'),
      label: 'Name',
      value: request.host ? breakable(request.host) : 'none given',
      detail: balanced ? 'found by Route 53' : 'requested directly',
    },
    {
      icon: icon('balancer'),
      label: 'Load balancer',
      value: balanced ? [request.scheme.toUpperCase(), request.listenerPort].filter(Boolean).join(' ') : 'not on the way',
      detail: balanced ? `listener of ${environment}` : 'no forwarding headers',
      skipped: !balanced,
    },
  ];
  // Without details the way ends where the service begins.
  if (!node) return [...way, { icon: badge(instance).svg, label: 'Service', value: service, detail: '' }];
  return [
    ...way,
    {
      icon: icon('group'),
      label: 'Target group',
      value: balanced ? service : 'not on the way',
      detail: balanced ? `HTTP to port ${port}` : `straight to port ${port}`,
      skipped: !balanced,
    },
    {
      icon: badge(instance).svg,
      label: task ? 'Task' : 'Machine',
      value: address ?? 'this machine',
      detail: task?.zone ? `zone ${task.zone}` : '',
    },
  ];
}

function icon(name) {
  return html`<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${ICONS[name]}" /></svg>`;
}

function page({ status, hue, svg, title, main }) {
  const style = `:root{--hue:${hue}}\n${CSS}`;
  const favicon = `data:image/svg+xml,${encodeURIComponent(svg.toString())}`;
  const body = html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${title}</title>
    <link rel="icon" href="${favicon}">
    <style>${trusted(style)}</style>
  </head>
  <body>
    <main>${main}</main>
  </body>
</html>
`;
  const hash = createHash('sha256').update(style).digest('base64');
  return {
    status,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy':
        `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; ` +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    },
    body: body.toString(),
  };
}

/** A host name that may go on in the next line after a dot. */
function breakable(host) {
  return host.split('.').map((label, position) => html`${position > 0 && html`.<wbr>`}${label}`);
}

/** Enough of a task's id to tell it from the others. */
function shortId(id) {
  return /^[0-9a-f-]{12,}$/.test(id) ? id.slice(0, 8) : id;
}

/** @param {number} seconds */
export function duration(seconds) {
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ];
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first === -1) return '0 s';
  let rest = seconds;
  return units
    .slice(first, first + 2)
    .map(([unit, size]) => {
      const count = Math.floor(rest / size);
      rest %= size;
      return [count, unit];
    })
    .filter(([count], position) => count > 0 || position === 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}
