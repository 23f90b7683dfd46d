// Packages of others that the rooms run with: found in package-lock.json as Node would find them, and copied as they
// are installed. Each folder's version is compared with the lock's.

import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { manifestOf } from './emit.ts';

interface Locked {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Copies them into `stage`; returns those that the rooms name themselves, with their versions. */
export function copyPackages(root: string, stage: string, rooms: readonly string[]): Record<string, string> {
  const locked: Readonly<Record<string, Locked>> = JSON.parse(
    readFileSync(join(root, 'package-lock.json'), 'utf8'),
  ).packages;
  const named: Record<string, string> = {};
  const copied = new Set<string>();
  for (const room of rooms.toSorted()) {
    for (const [name, version] of Object.entries(manifestOf(root, room).dependencies)) {
      if (name.startsWith('@shoal/') || room === 'web') continue;
      named[name] = version;
      take(name, '');
    }
  }
  return named;

  function take(name: string, wantedBy: string): void {
    const path = find(name, wantedBy);
    if (path === undefined)
      throw new Error(`package-lock.json has no ${name} for ${wantedBy || 'the rooms'}.`);
    if (copied.has(path)) return;
    copied.add(path);
    const { version, dependencies = {}, optionalDependencies = {} } = locked[path] ?? { version: '' };
    const folder = join(root, path);
    const installed = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version;
    if (installed !== version)
      throw new Error(`${path} is ${installed}, and locked at ${version}: run npm ci.`);
    cpSync(folder, join(stage, path), {
      recursive: true,
      filter: (source) => source === folder || !source.slice(folder.length).includes('node_modules'),
    });
    for (const other of Object.keys({ ...dependencies, ...optionalDependencies })) take(other, path);
  }

  /** Where Node would find `name` from the package at `from`: in its own node_modules, or in one further up. */
  function find(name: string, from: string): string | undefined {
    for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
      const path = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
      if (path in locked) return path;
      if (folder === '') return undefined;
    }
  }
}
