// Files that import each other in a circle: whichever is loaded first sees the other half-made. Types and
// dynamic imports make no circle, since they do not run at load. (Tarjan's strongly connected components.)

import { posix } from 'node:path';
import type { Module } from './modules.ts';

/** Each circle once, as the paths in it. */
export function circlesIn(modules: readonly Module[]): readonly (readonly string[])[] {
  const next = new Map(modules.map((module) => [module.path, filesLoadedBy(module)]));
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];

  function visit(path: string): number {
    const at = order.size;
    order.set(path, at);
    lowest.set(path, at);
    open.push(path);
    let low = at;
    for (const target of next.get(path) ?? []) {
      if (!next.has(target)) continue;
      if (!order.has(target)) low = Math.min(low, visit(target));
      else if (open.includes(target)) low = Math.min(low, order.get(target) ?? low);
    }
    lowest.set(path, low);
    if (low === at) {
      const members = open.splice(open.indexOf(path));
      if (members.length > 1 || next.get(path)?.includes(path)) circles.push(members);
    }
    return low;
  }

  for (const path of next.keys()) if (!order.has(path)) visit(path);
  return circles;
}

function filesLoadedBy(module: Module): readonly string[] {
  return module.imports.flatMap(({ kind, specifier }) =>
    kind === 'static' && specifier?.startsWith('.')
      ? [posix.join(posix.dirname(module.path), specifier)]
      : [],
  );
}
