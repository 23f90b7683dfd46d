// A strict reader of the XML that feeds are made of: what is not well-formed throws.

export class Element {
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly children: Element[] = [];
  value = '';

  constructor(name: string, attributes: Record<string, string>) {
    this.name = name;
    this.attributes = attributes;
  }

  deep(): Element[] {
    return [this, ...this.children.flatMap((child) => child.deep())];
  }

  all(name: string): Element[] {
    return this.deep().filter((element) => element.name === name);
  }

  find(name: string): Element | undefined {
    return this.all(name)[0];
  }

  text(name: string): string | undefined {
    return this.find(name)?.value;
  }
}

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  '#39': "'",
};
const token = /<\?xml[^?]*\?>|<(\/?)([\w:-]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;

export function parseXml(text: string): Element {
  const root = new Element('', {});
  const open = [root];
  let end = 0;
  for (const [all, closing, name = '', attributes = '', isEmpty, words] of text.matchAll(token)) {
    end += all.length;
    const inner = open.at(-1) ?? root;
    if (words !== undefined) inner.value += unescapeText(words);
    else if (name === '') continue;
    else if (closing === '/') {
      if (open.pop()?.name !== name) throw new Error(`</${name}> closes something else`);
    } else {
      const pairs = [...attributes.matchAll(/([\w:-]+)="([^"]*)"/g)];
      const element = new Element(
        name,
        Object.fromEntries(pairs.map(([, key = '', value = '']) => [key, unescapeText(value)])),
      );
      inner.children.push(element);
      if (isEmpty !== '/') open.push(element);
    }
  }
  if (end !== text.length) throw new Error(`no XML at ${end}: ${text.slice(end, end + 80)}`);
  const [top, ...others] = root.children;
  if (top === undefined || others.length > 0 || open.length !== 1) throw new Error('not one root');
  return top;
}

function unescapeText(text: string): string {
  if (/(?![\t\n\r])\p{Cc}|[\ufffe\uffff]|\p{Cs}/u.test(text)) throw new Error('a character that XML has not');
  return text.replaceAll(/&([^;]*;)?/g, (_, name = '') => {
    const character = entities[name.slice(0, -1)];
    if (character === undefined) throw new Error(`no entity: &${name}`);
    return character;
  });
}
