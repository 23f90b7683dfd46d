// Sets and removes keys in the text of a config file, and leaves everything else as somebody wrote it: comments, order,
// spaces, other keys.

import type { AST } from 'toml-eslint-parser';

interface Place {
  /** Of the value. */
  readonly value: readonly [number, number];
  /** Of `key = value`. */
  readonly whole: readonly [number, number];
  readonly isInline: boolean;
}

interface Found {
  readonly keys: ReadonlyMap<string, Place>;
  /** Where the line of each table's name ends. */
  readonly tables: ReadonlyMap<string, number>;
  /** Where the first table begins; the end where there is none. */
  readonly firstTable: number;
}

/** `text` is a config file that was read before; null takes a key out. */
export async function editConfig(text: string, changes: ReadonlyMap<string, string | null>): Promise<string> {
  const { parseTOML } = await import('toml-eslint-parser');
  let edited = text;
  for (const [key, value] of changes) {
    const [table] = parseTOML(edited, { tomlVersion: '1.0.0' }).body;
    edited = editOne(edited, find(table, edited), key, value);
  }
  return edited;
}

function editOne(
  text: string,
  { keys, tables, firstTable }: Found,
  key: string,
  value: string | null,
): string {
  const place = keys.get(key);
  if (place !== undefined) {
    if (value !== null) return splice(text, place.value, JSON.stringify(value));
    // Within braces commas would have to go too: nothing there is the same as the table without it.
    return place.isInline ? splice(text, place.whole, '') : splice(text, lineOf(text, place.whole), '');
  }
  if (value === null) return text;
  const dot = key.lastIndexOf('.');
  const inTable = dot < 0 ? undefined : tables.get(key.slice(0, dot));
  const at = inTable ?? firstTable;
  const name = inTable === undefined ? key : key.slice(dot + 1);
  const before = at > 0 && text[at - 1] !== '\n' ? '\n' : '';
  return splice(text, [at, at], `${before}${name} = ${JSON.stringify(value)}\n`);
}

function find(top: AST.TOMLTopLevelTable, text: string): Found {
  const keys = new Map<string, Place>();
  const tables = new Map<string, number>();
  let firstTable = text.length;
  const take = (
    body: readonly (AST.TOMLKeyValue | AST.TOMLTable)[],
    prefix: readonly string[],
    isInline: boolean,
  ) => {
    for (const item of body) {
      if (item.type === 'TOMLTable') {
        const name = item.resolvedKey.map(String);
        const end = text.indexOf('\n', item.range[0]);
        tables.set(name.join('.'), end < 0 ? text.length : end + 1);
        firstTable = Math.min(firstTable, item.range[0]);
        take(item.body, name, false);
        continue;
      }
      const parts = item.key.keys.map((part) => (part.type === 'TOMLBare' ? part.name : part.value));
      const key = [...prefix, ...parts];
      if (item.value.type === 'TOMLInlineTable') take(item.value.body, key, true);
      else keys.set(key.join('.'), { value: item.value.range, whole: item.range, isInline });
    }
  };
  take(top.body, [], false);
  return { keys, tables, firstTable };
}

/** With what stands behind it, and the line feed. */
function lineOf(text: string, [start, end]: readonly [number, number]): readonly [number, number] {
  const from = text.lastIndexOf('\n', start - 1) + 1;
  const to = text.indexOf('\n', end);
  return [from, to < 0 ? text.length : to + 1];
}

function splice(text: string, [start, end]: readonly [number, number], middle: string): string {
  return text.slice(0, start) + middle + text.slice(end);
}
