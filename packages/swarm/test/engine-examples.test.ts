// The examples of docs/engine.md are run as they stand there.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeSample } from './real-swarm.ts';
import { makeSample, someBytes } from './sample.ts';

test('the examples of docs/engine.md share, play and fetch a file', { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'swarm-library-'));
  try {
    const sample = makeSample(someBytes(500_000), { name: 'film', pieceLength: 32_768 });
    await writeSample(sample, folder);
    await writeFile(join(folder, 'film.torrent'), sample.bytes);
    const text = await readFile(new URL('../../../docs/engine.md', import.meta.url), 'utf8');
    const examples = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code);
    assert.equal(examples.length, 5);
    const code = `const folder = ${JSON.stringify(folder)};\n${examples.join('\n')}`;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', code], {
      cwd: new URL('..', import.meta.url),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const [exitCode] = await once(child, 'close');
    assert.equal(exitCode, 0);
    assert.match(said, /shared at port \d+/);
    assert.match(said, /100000 of 500000 bytes/);
    assert.match(said, /film is whole/);
    assert.match(said, /500000 of 500000 bytes, \d+ for nothing/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
