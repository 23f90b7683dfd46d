// The package.json files of the tree: what each room is called, exports and depends on.

import { globSync, readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { rowOf } from '../rooms.ts';
import type { Problem } from './rules.ts';

export interface Manifest {
  readonly name: string;
  /** The folder's name under packages/; empty for the root. */
  readonly room: string;
  readonly exports: Readonly<Record<string, unknown>>;
  /** `published` are those that come along when the package is installed; `any` counts development ones too. */
  declares(name: string, which: 'published' | 'any'): boolean;
}

export interface Packages {
  readonly root: Manifest;
  readonly problems: readonly Problem[];
  ofRoom(room: string): Manifest | undefined;
  named(name: string): Manifest | undefined;
}

export function readPackages(root: string): Packages {
  const paths = globSync('packages/*/package.json', { cwd: root }).map((path) => path.split(sep).join('/'));
  const rooms = paths.map((path) => readManifest(root, path));
  return {
    root: readManifest(root, 'package.json'),
    problems: rooms.flatMap(({ room, name }) => {
      const path = `packages/${room}/package.json`;
      const wanted = room === 'cli' ? 'shoal' : `@shoal/${room}`;
      if (rowOf(room) === undefined)
        return [{ path, line: 1, message: `${room} is not in tools/rooms.ts: give it its row` }];
      return name === wanted
        ? []
        : [{ path, line: 1, message: `is called ${name}: the room ${room} is ${wanted}` }];
    }),
    ofRoom: (room) => rooms.find((manifest) => manifest.room === room),
    named: (name) => rooms.find((manifest) => manifest.name === name),
  };
}

function readManifest(root: string, path: string): Manifest {
  const json = record(JSON.parse(readFileSync(join(root, path), 'utf8')));
  const published = ['dependencies', 'peerDependencies', 'optionalDependencies'];
  return {
    name: typeof json.name === 'string' ? json.name : '',
    room: dirname(path).split('/')[1] ?? '',
    exports: record(json.exports),
    declares: (name, which) =>
      [...published, ...(which === 'any' ? ['devDependencies'] : [])].some(
        (field) => name in record(json[field]),
      ),
  };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** `@scope/name/face` is of `@scope/name`, `name/face` of `name`. */
export function packageNameOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
