// Moves between two real file systems, killed again and again at no particular time: nothing is lost, and nothing is left.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { shoalCommand } from '../clients/shoal.ts';

const kills = Number(process.env.SHOAL_KILLS ?? 15);
const here = mkdtempSync(join(tmpdir(), 'shoal-move-kills-'));
const there = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'shoal-move-kills-'));
after(() => {
  for (const folder of [here, there]) rmSync(folder, { recursive: true });
});

const contents = new Map(
  Array.from({ length: 40 }, (_, i) => [`d${i % 5}/file-${i}`, Buffer.alloc(i * 40_000 + 7, `content ${i}`)]),
);

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

test('a kill in the middle of a move to another disk loses no file and leaves none behind', async () => {
  const first = join(here, 'content');
  for (const [path, bytes] of contents) {
    mkdirSync(dirname(join(first, path)), { recursive: true });
    writeFileSync(join(first, path), bytes);
  }
  const torrent = join(here, 'content.torrent');
  execFileSync(process.execPath, [shoalCommand, 'make', first, '-o', torrent, '--format', 'v1'], {
    stdio: 'ignore',
  });
  const state = join(here, 'state');
  const folders = [join(there, 'a'), join(here, 'b'), join(there, 'c', 'd'), first];
  let given = first;
  let pieces: string | undefined;

  async function run(isToEnd: boolean): Promise<void> {
    // Whoever moves has a home of its own to begin with, so that each run is another one.
    const order = [
      ...folders.slice(folders.indexOf(given) + 1),
      ...folders.slice(0, folders.indexOf(given) + 1),
    ];
    const script = join(import.meta.dirname, 'mover.ts');
    const mover = spawn(process.execPath, [script, torrent, state, given, ...(isToEnd ? [first] : order)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    for await (const chunk of mover.stdout) {
      text += chunk;
      if (!isToEnd && text.includes('open')) setTimeout(() => mover.kill('SIGKILL'), Math.random() * 400);
    }
    if (mover.exitCode === null && mover.signalCode === null) await once(mover, 'close');
    const [, count, home = given] = /^open (\d+) (.*)$/m.exec(text) ?? [];
    pieces ??= count;
    assert.equal(count, pieces, 'pieces were lost');
    // Sometimes it is not told where the last moves went.
    if (Math.random() < 0.7) given = home;
  }

  for (let i = 0; i < kills; i++) await run(false);
  await run(true);
  assert.deepEqual(filesBelow(first).sort(), [...contents.keys()].map((path) => join(first, path)).sort());
  for (const [path, bytes] of contents) assert.ok(readFileSync(join(first, path)).equals(bytes), path);
  assert.deepEqual(filesBelow(there), []);
  assert.deepEqual(filesBelow(join(here, 'b')), []);
});
