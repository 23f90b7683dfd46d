// Moves a content to and fro between two folders until it is killed, for move-kills.test.ts.
// node lab/interop/mover.ts TORRENT STATE GIVEN FOLDER… : opens it under GIVEN, checks it, and moves to each FOLDER in turn.
// One line a step on stdout: `open GOOD-PIECES FOLDER`, `moved FOLDER`.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createNodeWorld } from '@shoal/base/node';
import { parseTorrent } from '@shoal/metainfo';
import { OpenFiles, openContent } from '@shoal/storage';

const [file = '', state = '', given = '', ...folders] = process.argv.slice(2);
const world = createNodeWorld();
const torrent = parseTorrent(readFileSync(file), (name, bytes) => world.hashing.digest(name, bytes));
const content = await openContent({
  ...world,
  openFiles: new OpenFiles(world.disk),
  layout: torrent.layout,
  hashes: torrent.hashes,
  folder: given,
  ownsFolder: true,
  identity: torrent.infoHashes.v1 ?? new Uint8Array(1),
  journal: join(state, 'journal'),
  bootId: 'the same',
});
await content.check();
console.log(`open ${content.good.count} ${content.home.folder}`);
for (const folder of folders) {
  await content.move({ folder, ownsFolder: true });
  console.log(`moved ${folder}`);
}
await content.close();
await world.close();
