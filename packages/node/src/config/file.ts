// The config file: TOML 1.0, read into keys with the line of each, so that a mistake can be pointed at.

import { type Disk, WorldError } from '@shoal/base';
import type { AST } from 'toml-eslint-parser';
import { longestConfigFile } from '../bounds.ts';
import { NodeError } from '../errors.ts';

export interface FileEntry {
  /** Names of tables and key, joined by dots. */
  readonly key: string;
  readonly value: unknown;
  readonly line: number;
}

/** Undefined when the file is not there. */
export async function readConfigFile(disk: Disk, path: string): Promise<FileEntry[] | undefined> {
  const text = await readConfigText(disk, path);
  return text === undefined ? undefined : await parseConfig(path, text);
}

/** Undefined when the file is not there. */
export async function readConfigText(disk: Disk, path: string): Promise<string | undefined> {
  const bytes = await readBytes(disk, path);
  return bytes === undefined ? undefined : decode(path, bytes);
}

async function readBytes(disk: Disk, path: string): Promise<Uint8Array | undefined> {
  try {
    const file = await disk.open(path);
    try {
      const { length } = await file.stat();
      if (length > longestConfigFile) throw unreadable(path, `it is ${length} bytes long`);
      const bytes = new Uint8Array(length);
      const count = await file.read([bytes], 0);
      return bytes.subarray(0, count);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!(error instanceof WorldError)) throw error;
    if (error.code === 'not-found') return undefined;
    throw unreadable(path, error.message, error);
  }
}

function decode(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const upTo = new TextDecoder().decode(bytes).split('\ufffd', 1)[0] ?? '';
    throw invalid(path, upTo.split('\n').length, 'this is not text in UTF-8');
  }
}

/** One parser says exactly what is wrong and in which line, the other where each key stands. */
async function parseConfig(path: string, text: string): Promise<FileEntry[]> {
  const [toml, { parseTOML }] = await Promise.all([import('smol-toml'), import('toml-eslint-parser')]);
  try {
    toml.parse(text, { integersAsBigInt: 'asNeeded' });
    const [table] = parseTOML(text, { tomlVersion: '1.0.0' }).body;
    return tableEntries(table.body, []);
  } catch (error) {
    if (error instanceof toml.TomlError) {
      const [said = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n', 1);
      throw invalid(path, error.line, `this is not TOML: ${said}`, error);
    }
    if (error instanceof SyntaxError && 'lineNumber' in error) {
      throw invalid(path, Number(error.lineNumber), `this is not TOML: ${error.message}`, error);
    }
    throw unreadable(path, 'it is nested too deeply', error);
  }
}

type Entries = readonly (AST.TOMLKeyValue | AST.TOMLTable)[];

function tableEntries(body: Entries, prefix: readonly string[]): FileEntry[] {
  return body.flatMap((item) => {
    const line = item.loc.start.line;
    if (item.type === 'TOMLTable') {
      const key = item.resolvedKey.map(String);
      // An empty table is shown too, since its name may be a mistake.
      const inside = tableEntries(item.body, key);
      return inside.length > 0 ? inside : [{ key: key.join('.'), value: {}, line }];
    }
    const key = [
      ...prefix,
      ...item.key.keys.map((part) => (part.type === 'TOMLBare' ? part.name : part.value)),
    ];
    if (item.value.type === 'TOMLInlineTable') return tableEntries(item.value.body, key);
    return [{ key: key.join('.'), value: plainValue(item.value), line }];
  });
}

function plainValue(node: AST.TOMLContentNode): unknown {
  if (node.type === 'TOMLArray') return node.elements.map(plainValue);
  if (node.type === 'TOMLInlineTable') return {};
  return node.value;
}

export function invalid(path: string, line: number, problem: string, cause?: unknown): NodeError {
  return new NodeError('config-invalid', `${path}:${line}: ${problem}`, { value: problem, cause });
}

function unreadable(path: string, why: string, cause?: unknown): NodeError {
  return new NodeError('config-unreadable', `The config file ${path} cannot be read: ${why}.`, {
    value: path,
    cause,
  });
}
