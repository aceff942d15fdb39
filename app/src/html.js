/** HTML in which every value is escaped unless it is HTML itself. */

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

class Html {
  #text;

  constructor(text) {
    this.#text = text;
  }

  toString() {
    return this.#text;
  }
}

/** A template literal's tag: html`<p>${anything}</p>`. */
export function html(strings, ...values) {
  return new Html(String.raw({ raw: strings }, ...values.map(render)));
}

/** Text that is safe as it stands: only for what this app wrote itself. */
export function trusted(text) {
  return new Html(text);
}

function render(value) {
  if (value instanceof Html) return value.toString();
  if (Array.isArray(value)) return value.map(render).join('');
  if (value === null || value === undefined || value === false) return '';
  return String(value).replace(/[&<>"']/g, (character) => ENTITIES[character]);
}
