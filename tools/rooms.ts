// The order of the rooms, as DESIGN's table has it: a room may import rooms of earlier rows and none of its own or
// a later row. Rooms that share a row stand each alone.

const rows: readonly (readonly string[])[] = [
  ['base'],
  ['sim'],
  ['identity'],
  ['metainfo'],
  ['wire'],
  ['storage'],
  ['transport'],
  ['dht'],
  ['tracker'],
  ['lan'],
  ['directory'],
  ['discovery'],
  ['swarm'],
  ['overlay'],
  ['keep', 'talk', 'work', 'play', 'mine'],
  ['index'],
  ['experiments'],
  ['api'],
  ['node'],
  ['cli', 'web'],
];

/** Where a room stands; undefined for a name that is not in the table. */
export function rowOf(room: string): number | undefined {
  const row = rows.findIndex((names) => names.includes(room));
  return row === -1 ? undefined : row;
}

/** Sources that may use the platform itself: Node's world, the faces and what puts them together, libp2p. */
export const platformIsAllowedIn: readonly string[] = [
  'packages/base/src/node/',
  'packages/index/src/node/',
  'packages/overlay/src/',
  'packages/node/src/',
  'packages/cli/src/',
  'packages/web/src/',
];

/** Single uses elsewhere, each with its reason. */
export const platformUsesThatAreAllowed: readonly { readonly path: string; readonly what: string }[] = [
  // Lets promises settle between two simulated steps; nothing that a simulated program sees depends on it.
  { path: 'packages/sim/src/turns.ts', what: 'setImmediate' },
  // Says which seeds a test runs, and how to repeat one: read by tests alone.
  { path: 'packages/sim/src/testing.ts', what: 'process.env' },
  { path: 'packages/sim/src/testing.ts', what: 'process.argv' },
  { path: 'packages/sim/src/testing.ts', what: 'process.cwd' },
];

/** Suites that every implementation of an interface must pass, and scenarios as tests, are made of tests. */
export const testRunnerIsAllowedIn: readonly string[] = [
  'packages/base/src/compliance/',
  'packages/transport/src/compliance/',
  'packages/sim/src/testing.ts',
];

/** What a test or a bench may import besides its room's own dependencies, whichever room it is in. */
export const forTestsOfEveryRoom: readonly string[] = [
  '@shoal/sim',
  '@shoal/sim/testing',
  '@shoal/base/compliance',
];

/** What tests, benches, lab and tools may reach by a relative path: what lab has for all, and the command to start. */
export const openToTests: readonly string[] = ['lab/', 'packages/cli/bin/'];

/** What lab may reach besides, to fuzz and measure with what a room's tests make: `packages/wire/test/making.ts`. */
export const openToLab = /^packages\/\w+\/test\//;
