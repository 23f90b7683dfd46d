// HTML as text that cannot hold anybody else's HTML. Invariant: whatever stands between ${ and } is escaped, unless it was
// made here; attributes are always in double quotes.

export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type HtmlValue = Html | string | number | undefined | false | readonly HtmlValue[];

export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let text = strings[0] ?? '';
  for (const [i, value] of values.entries()) text += textOf(value) + (strings[i + 1] ?? '');
  return new Html(text);
}

function textOf(value: HtmlValue): string {
  if (value instanceof Html) return value.text;
  if (value === undefined || value === false) return '';
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? escapeText(value) : value.map(textOf).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

// Controls that no page shows, and what turns the direction of the text behind it.
const unshowable = /(?![\t\n\r])\p{Cc}|[\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu;

/** The same for XML: it knows these five, and refuses most controls even when they are escaped. */
function escapeText(text: string): string {
  return text
    .toWellFormed()
    .replace(unshowable, '')
    .replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

/** What somebody wrote: from right to left or not, it leaves the text around it in its place. */
export function said(text: string): Html {
  return html`<bdi>${text}</bdi>`;
}
