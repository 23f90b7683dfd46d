// Where a content's files have their places. It is written into the journal, so that a restart finds them again.
// Invariant: every path of a home lies below its folder, or its folder for unfinished files.

import { equalBytes, fromUtf8, toUtf8 } from '@shoal/base';
import type { Layout } from '@shoal/metainfo';
import { longestName } from './bounds.ts';
import { StorageError } from './errors.ts';
import type { Home } from './types.ts';

export function encodeHome({ folder, unfinished, ownsFolder, paths }: Home): Uint8Array {
  return toUtf8(JSON.stringify([folder, unfinished ?? null, ownsFolder === true, [...(paths ?? [])]]));
}

/** Undefined for what makes no sense. */
export function decodeHome(bytes: Uint8Array, fileCount: number): Home | undefined {
  const value = parseJson(fromUtf8(bytes) ?? '');
  if (!Array.isArray(value)) return undefined;
  const [folder, unfinished, ownsFolder, entries]: unknown[] = value;
  if (typeof folder !== 'string' || !Array.isArray(entries)) return undefined;
  const paths = new Map<number, readonly string[]>();
  for (const entry of entries) {
    if (!Array.isArray(entry)) return undefined;
    const [file, path]: unknown[] = entry;
    if (!isIndex(file, fileCount) || !Array.isArray(path) || path.length === 0 || !path.every(isName))
      return undefined;
    paths.set(file, path);
  }
  return homeOf({
    folder,
    unfinished: typeof unfinished === 'string' ? unfinished : undefined,
    ownsFolder: ownsFolder === true,
    paths,
  });
}

/** Only what a home is, without what is not there. */
export function homeOf(given: {
  readonly folder: string;
  readonly unfinished?: string | undefined;
  readonly ownsFolder?: boolean | undefined;
  readonly paths?: Home['paths'] | undefined;
}): Home {
  const { folder, unfinished, ownsFolder, paths } = given;
  return {
    folder,
    ...(unfinished === undefined ? {} : { unfinished }),
    ...(ownsFolder === true ? { ownsFolder } : {}),
    ...(paths === undefined || paths.size === 0 ? {} : { paths }),
  };
}

export function isSameHome(one: Home, other: Home): boolean {
  return equalBytes(encodeHome(one), encodeHome(other));
}

/** The path of a file below the folder. */
export function pathIn({ paths }: Home, layout: Layout, file: number): readonly string[] {
  return paths?.get(file) ?? layout.files[file]?.path ?? [];
}

/** Throws for names that no disk can have, and for two files in one place. */
export function checkHome(home: Home, layout: Layout): void {
  for (const folder of [home.folder, home.unfinished])
    if (folder?.includes('\0')) throw invalid(`There can be no folder ${folder}`, folder);
  for (const [file, path] of home.paths ?? []) {
    const isSound = isIndex(file, layout.files.length) && path.length > 0 && path.every(isName);
    if (!isSound) throw invalid(`No file can be called ${path.join('/')}`, path.join('/'));
  }
  if (home.paths === undefined) return;
  const files = new Set<string>();
  const folders = new Set<string>();
  for (const [index, file] of layout.files.entries()) {
    if (file.isPad) continue;
    const path = pathIn(home, layout, index);
    const key = keyOf(path);
    if (files.has(key)) throw invalid(`Two files would be called ${path.join('/')}`, path.join('/'));
    files.add(key);
    for (let depth = 1; depth < path.length; depth++) folders.add(keyOf(path.slice(0, depth)));
  }
  for (const folder of folders)
    if (files.has(folder)) throw invalid(`${folder} would be a file and a folder`, folder);
}

/** Two paths with the same key may be one file on some disks. */
export function keyOf(path: readonly string[]): string {
  return path.join('/').normalize('NFC').toLowerCase();
}

export function isName(name: unknown): name is string {
  return (
    typeof name === 'string' &&
    name !== '' &&
    name !== '.' &&
    name !== '..' &&
    !name.includes('/') &&
    !name.includes('\0') &&
    toUtf8(name).length <= longestName
  );
}

function isIndex(value: unknown, count: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < count;
}

function invalid(message: string, value: string): StorageError {
  return new StorageError('invalid', message, { value });
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
