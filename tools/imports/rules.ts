// What may be imported from where: rooms in DESIGN's order, through their exports, as their package.json declares;
// no file past its own package, but tests may share what lab has; no circle among files; the platform in Node's world and the faces alone.

import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import {
  forTestsOfEveryRoom,
  openToLab,
  openToTests,
  platformIsAllowedIn,
  platformUsesThatAreAllowed,
  rowOf,
  testRunnerIsAllowedIn,
} from '../rooms.ts';
import { circlesIn } from './circles.ts';
import type { Import, Module } from './modules.ts';
import { type Manifest, type Packages, packageNameOf } from './packages.ts';
import { insteadOfModule, isTestRunner } from './platform.ts';

export interface Problem {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

export function problemsIn(modules: readonly Module[], packages: Packages): readonly Problem[] {
  const problems: Problem[] = [];
  for (const module of modules) {
    const place = placeOf(module.path);
    const report = (line: number, message: string): void =>
      void problems.push({ path: module.path, line, message });
    for (const error of module.syntaxErrors) report(1, `does not parse: ${error}`);
    for (const found of module.imports) {
      for (const message of whyNot(found, module, place, packages)) report(found.line, message);
    }
    if (!isGoverned(module.path, place)) continue;
    for (const { what, instead, line } of module.platformUses) {
      if (platformUsesThatAreAllowed.some((use) => use.path === module.path && use.what === what)) continue;
      report(line, `uses ${what}: ${instead}`);
    }
  }
  for (const [first, ...rest] of circlesIn(modules)) {
    if (first === undefined) continue;
    problems.push({
      path: first,
      line: 1,
      message: `imports itself in a circle: ${[first, ...rest, first].join(' → ')}`,
    });
  }
  return [...problems, ...packages.problems].sort((a, b) => a.path.localeCompare(b.path) || a.line - b.line);
}

/** A room's folder under packages/, or `lab` or `tools`; and whether what is published is in it, or only tests. */
interface Place {
  readonly folder: string;
  readonly room: string | undefined;
  readonly isPublished: boolean;
}

function placeOf(path: string): Place {
  const [top = '', room = '', area = ''] = path.split('/');
  if (top !== 'packages') return { folder: `${top}/`, room: undefined, isPublished: false };
  return { folder: `packages/${room}/`, room, isPublished: area === 'src' };
}

function isGoverned(path: string, place: Place): boolean {
  return place.isPublished && !platformIsAllowedIn.some((folder) => path.startsWith(folder));
}

function whyNot(found: Import, module: Module, place: Place, packages: Packages): readonly string[] {
  const { specifier } = found;
  if (specifier === undefined) {
    return place.isPublished ? ['imports a name known only at run time, which nobody can check'] : [];
  }
  if (found.kind === 'require') return [`loads ${specifier} with require: use import`];
  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(module.path), specifier);
    const open = place.isPublished ? [place.folder] : [place.folder, ...openToTests];
    const isTestOfRoom = place.folder === 'lab/' && openToLab.test(target);
    const stays = isTestOfRoom || open.some((folder) => target.startsWith(folder));
    return stays ? [] : [`reaches out of ${place.folder} with ${specifier}: import the room by its name`];
  }
  if (isBuiltin(specifier)) {
    return whyNotPlatform(specifier, module.path, place);
  }
  if (/^[a-z]+:|^[/#]/.test(specifier))
    return [`imports ${specifier}: only packages and relative files are allowed`];
  return whyNotPackage(specifier, place, packages);
}

function whyNotPlatform(specifier: string, path: string, place: Place): readonly string[] {
  if (!isGoverned(path, place)) return [];
  const instead = insteadOfModule(specifier);
  if (instead !== undefined) return [`imports ${specifier}: ${instead}`];
  if (isTestRunner(specifier) && !testRunnerIsAllowedIn.some((folder) => path.startsWith(folder))) {
    return [`imports ${specifier}: tests stand in test/`];
  }
  return [];
}

function whyNotPackage(specifier: string, place: Place, packages: Packages): readonly string[] {
  const name = packageNameOf(specifier);
  const own = place.room === undefined ? undefined : packages.ofRoom(place.room);
  const target = packages.named(name);
  const problems: string[] = [];
  if (target !== undefined && !isExported(specifier, target)) {
    problems.push(
      `imports ${specifier}, which ${name} does not export: its exports are ${Object.keys(target.exports).join(', ')}`,
    );
  }
  if (own !== undefined && target?.room === own.room) {
    return place.isPublished ? [...problems, `imports its own room by name: use a relative path`] : problems;
  }
  const isForTests = !place.isPublished && forTestsOfEveryRoom.includes(specifier);
  if (own !== undefined && target !== undefined && !isForTests) {
    const [from, to] = [rowOf(own.room), rowOf(target.room)];
    if (from !== undefined && to !== undefined && to >= from) {
      problems.push(
        `imports ${specifier}: ${own.room} may not know ${target.room}, which ${to === from ? 'stands beside it' : 'stands after it'} in tools/rooms.ts`,
      );
    }
  }
  if (!isForTests && !isDeclared(name, place, own, target, packages)) {
    problems.push(
      `imports ${name}, which ${own === undefined ? 'package.json' : `${place.folder}package.json`} does not declare`,
    );
  }
  return problems;
}

function isExported(specifier: string, target: Manifest): boolean {
  return `.${specifier.slice(target.name.length)}` in target.exports;
}

/** Tests may use what the root declares for all of them; lab and tools may also use every room. */
function isDeclared(
  name: string,
  place: Place,
  own: Manifest | undefined,
  target: Manifest | undefined,
  packages: Packages,
): boolean {
  if (own === undefined) return target !== undefined || packages.root.declares(name, 'any');
  if (place.isPublished) return own.declares(name, 'published');
  return own.declares(name, 'any') || packages.root.declares(name, 'any');
}
