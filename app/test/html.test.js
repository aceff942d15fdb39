import assert from 'node:assert/strict';
import { test } from 'node:test';

import { html, trusted } from '../src/html.js';

const render = (value) => html`<p title="${value}">`.toString();

test('text and attributes are escaped', () => {
  assert.equal(render(`<a href="x" id='y'>&`), '<p title="&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;">');
});

test('nested HTML is not escaped again, lists are joined, null is empty', () => {
  assert.equal(render(html`<b>${'<'}</b>`), '<p title="<b>&lt;</b>">');
  assert.equal(render(trusted('<i>')), '<p title="<i>">');
  assert.equal(render([html`<b>`, '<', 0]), '<p title="<b>&lt;0">');
  assert.equal(render([null, undefined, false]), '<p title="">');
});
