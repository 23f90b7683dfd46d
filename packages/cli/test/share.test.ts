import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { shoal, shoalPath, temporaryFolder } from './shoal.ts';

test('files with names that other systems cannot have are shared where they lie, and fetched under safe ones', {
  skip: process.platform === 'win32' && 'Windows has no such names',
}, async (context) => {
  const folder = await temporaryFolder(context);
  const source = join(folder, 'odd: folder?');
  await mkdir(source);
  await writeFile(join(source, 'what?.txt'), 'hello');
  const words = ['share', source, '--json', '--data', join(folder, 's'), '--port', '0', '--no-lan'];
  const sharing = spawn(process.execPath, [shoalPath, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  context.after(() => sharing.kill('SIGKILL'));
  for await (const line of createInterface({ input: sharing.stdout })) {
    const event: Record<string, unknown> = JSON.parse(line);
    if (event.event !== 'sharing') continue;
    const target = ['-o', join(folder, 'out'), '--data', join(folder, 'g'), '--no-lan'];
    const got = await shoal(['get', String(event.magnet), '--peer', `127.0.0.1:${event.port}`, ...target]);
    assert.equal(got.code, 0, got.stderr);
    break;
  }
  assert.equal(await readFile(join(folder, 'out', 'odd_ folder_', 'what_.txt'), 'utf8'), 'hello');
});
