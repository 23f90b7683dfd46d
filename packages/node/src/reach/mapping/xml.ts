// The little that is read of XML: the text of elements by their name, whatever their namespace is called. Pages of
// routers are often not well-formed, and what is taken from them is checked as what it should be.

/** The text between the first start of this element and the next tag. */
export function textIn(xml: string, name: string): string | undefined {
  const text = new RegExp(`<(?:[\\w-]+:)?${name}(?:\\s[^<>]*)?>([^<]*)<`, 'i').exec(xml)?.[1];
  return text === undefined ? undefined : unescapeXml(text.trim());
}

/** What is inside of each of these elements, which do not stand in each other. */
export function partsOf(xml: string, name: string): string[] {
  return xml
    .split(new RegExp(`<(?:[\\w-]+:)?${name}(?:\\s[^<>]*)?>`, 'i'))
    .slice(1)
    .map((part) => part.split(new RegExp(`</(?:[\\w-]+:)?${name}\\s*>`, 'i'), 1)[0] ?? '');
}

export function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(\w{2,4});/g, (whole, name: string) => entities[name] ?? whole);
}
