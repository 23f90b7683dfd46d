// Reads the bodies of signed records of the catalogue: known entries alone, texts that people may be shown. Invariant:
// what it gives holds no control characters, and none that turn the direction of what stands after them.

import type { BencodeNode } from '@shoal/base';
import { latestSeconds, type UnverifiedRecord } from '@shoal/identity';
import { DirectoryError } from './errors.ts';

/** The 20 bytes by which a torrent is known: of v1, or the first ones of v2 (BEP 52). */
export const nameLength = 20;

const lines = /[\n\t]/g;
// Controls, halves of characters, and what changes the direction of the text around it (Trojan Source).
const unshowable = /[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff]/u;

export interface TextRules {
  readonly most: number;
  /** Line feeds and tabs are allowed. */
  readonly lines?: boolean;
}

/** True for what may be shown as it is. */
function isShowable(text: string, mayHaveLines: boolean): boolean {
  return !unshowable.test(mayHaveLines ? text.replaceAll(lines, '') : text);
}

export class BodyReader {
  readonly #body: BencodeNode;

  /** Throws DirectoryError `bad-publication` for a record that runs out, or says what is not known. */
  constructor({ body, expiresAt }: UnverifiedRecord, entries: readonly string[]) {
    if (expiresAt !== latestSeconds) throw bad(`it runs out, where it can only be withdrawn`);
    body.forEachEntry((key) => {
      const name = key.asText();
      if (name === undefined || !entries.includes(name)) throw bad('it has an entry that is not known');
    });
    this.#body = body;
  }

  /** Undefined where there is none; never empty. */
  text(name: string, { most, lines = false }: TextRules): string | undefined {
    const node = this.#body.get(name);
    if (node === undefined) return undefined;
    const text = node.asText();
    if (text === undefined || text === '' || text !== text.trim()) throw bad(`its ${name} is no proper text`);
    if (bytesIn(node) > most) throw bad(`its ${name} has more than ${most} bytes`);
    if (!isShowable(text, lines)) throw bad(`its ${name} holds characters that cannot be shown`);
    return text;
  }

  texts(name: string, mostItems: number, rules: TextRules): string[] {
    return this.#items(name, mostItems, (item) => {
      const text = item.asText();
      if (text === undefined || text === '' || bytesIn(item) > rules.most || !isShowable(text, false))
        throw bad(`one of its ${name} is no text of up to ${rules.most} bytes`);
      return text;
    });
  }

  bytes(name: string, length: number): Uint8Array | undefined {
    const node = this.#body.get(name);
    if (node === undefined) return undefined;
    const bytes = node.asBytes(length);
    if (bytes === undefined) throw bad(`its ${name} does not have ${length} bytes`);
    return bytes;
  }

  /** The torrent that it is about. */
  name(): Uint8Array {
    const bytes = this.bytes('torrent', nameLength);
    if (bytes === undefined) throw bad('it names no torrent');
    return bytes;
  }

  list(name: string, mostItems: number, length: number): Uint8Array[] {
    return this.#items(name, mostItems, (item) => {
      const bytes = item.asBytes(length);
      if (bytes === undefined) throw bad(`one of its ${name} does not have ${length} bytes`);
      return bytes;
    });
  }

  count(name: string, most = Number.MAX_SAFE_INTEGER): number | undefined {
    const node = this.#body.get(name);
    if (node === undefined) return undefined;
    const value = node.asInteger() ?? -1;
    if (value < 0 || value > most) throw bad(`its ${name} is no number from 0 to ${most}`);
    return value;
  }

  /** Pairs of a text and a number. */
  pairs(name: string, mostItems: number, rules: TextRules): { text: string; value: number }[] {
    return this.#items(name, mostItems, (item) => {
      const parts: BencodeNode[] = [];
      if (item.kind === 'list') item.forEachItem((part) => void parts.push(part));
      const [text, value] = [parts[0]?.asText(), parts[1]?.asInteger()];
      if (parts.length !== 2 || text === undefined || text === '' || bytesIn(parts[0]) > rules.most)
        throw bad(`one of its ${name} is no pair of a text and a number`);
      if (value === undefined || value < 0 || !isShowable(text, false))
        throw bad(`one of its ${name} is no pair of a text and a number`);
      return { text, value };
    });
  }

  #items<Item>(name: string, most: number, read: (item: BencodeNode) => Item): Item[] {
    const node = this.#body.get(name);
    if (node === undefined) return [];
    if (node.kind !== 'list') throw bad(`its ${name} are no list`);
    const items: Item[] = [];
    node.forEachItem((item) => {
      if (items.length >= most) throw bad(`it has more than ${most} ${name}`);
      items.push(read(item));
    });
    return items;
  }
}

export function bad(why: string): DirectoryError {
  return new DirectoryError('bad-publication', `This cannot be published: ${why}.`);
}

/** Of a text, as it stands there. */
function bytesIn(node: BencodeNode | undefined): number {
  return node?.asBytes()?.length ?? 0;
}
