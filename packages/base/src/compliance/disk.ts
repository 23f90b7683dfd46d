import assert from 'node:assert/strict';
import { rejectsWith } from './expect.ts';
import type { DiskFault, WorldTest } from './harness.ts';
import { assertSameBytes, joined, pattern } from './recorder.ts';

export function testDisk(test: WorldTest, faults: readonly DiskFault[]): void {
  test('what was written is read back, in as many buffers as one likes', async ({ a: { disk }, folder }) => {
    const file = await disk.open(`${folder}/file`, { write: true, create: true });
    const bytes = pattern(300_000);
    await file.write([bytes.subarray(0, 1), bytes.subarray(1, 100_000), bytes.subarray(100_000)], 0);
    const parts = [new Uint8Array(7), new Uint8Array(0), new Uint8Array(200_000), new Uint8Array(90_000)];
    assert.equal(await file.read(parts, 5), 290_007);
    assertSameBytes(joined(parts), bytes.subarray(5, 290_012));
    await file.write([Uint8Array.of(1, 2, 3)], 10);
    const few = new Uint8Array(3);
    await file.read([few], 10);
    assert.deepEqual([...few], [1, 2, 3]);
    assert.equal((await file.stat()).length, 300_000);
    await file.sync();
    await file.close();
    const again = await disk.open(`${folder}/file`);
    assert.equal(await again.read([few], 10), 3);
    assert.deepEqual([...few], [1, 2, 3]);
    await again.close();
  });

  test('thousands of small buffers go in one call', async ({ a: { disk }, folder }) => {
    const file = await disk.open(`${folder}/file`, { write: true, create: true });
    const bytes = pattern(3500 * 9);
    const cut = (source: Uint8Array): Uint8Array[] =>
      Array.from({ length: 3500 }, (_, i) => source.subarray(i * 9, (i + 1) * 9));
    await file.write(cut(bytes), 3);
    const back = new Uint8Array(bytes.length);
    assert.equal(await file.read(cut(back), 3), bytes.length);
    assertSameBytes(back, bytes);
    await file.close();
  });

  test('buffers over shared memory are read into and written', async ({ a: { disk }, folder }) => {
    const file = await disk.open(`${folder}/file`, { write: true, create: true });
    const shared = new Uint8Array(new SharedArrayBuffer(5000));
    shared.set(pattern(5000));
    await file.write([shared.subarray(0, 2500), shared.subarray(2500)], 0);
    shared.fill(0);
    assert.equal(await file.read([shared], 0), 5000);
    assertSameBytes(shared, pattern(5000));
    await file.close();
  });

  test('a read is short at the end of the file, and only there', async ({ a: { disk }, folder }) => {
    const file = await disk.open(`${folder}/file`, { write: true, create: true });
    await file.write([pattern(100)], 0);
    const buffers = [new Uint8Array(60), new Uint8Array(60)];
    assert.equal(await file.read(buffers, 0), 100);
    assertSameBytes(joined(buffers).subarray(0, 100), pattern(100));
    assert.equal(await file.read([new Uint8Array(10)], 95), 5);
    assert.equal(await file.read([new Uint8Array(10)], 100), 0);
    assert.equal(await file.read([new Uint8Array(10)], 1_000_000), 0);
    assert.equal(await file.read([], 0), 0);
    assert.equal(await file.read([new Uint8Array(0)], 0), 0);
    await file.close();
  });

  test('a write past the end leaves a hole of zeros that takes no space', async ({ a: { disk }, folder }) => {
    const file = await disk.open(`${folder}/file`, { write: true, create: true });
    const far = 16 * 1024 * 1024;
    await file.write([pattern(10)], far);
    const stat = await file.stat();
    assert.equal(stat.length, far + 10);
    assert.ok(stat.allocated < stat.length);
    const hole = pattern(100_000);
    assert.equal(await file.read([hole], far - 100_000), 100_000);
    assert.ok(hole.every((byte) => byte === 0));
    await file.close();
  });

  test('truncate cuts and lengthens with zeros', async ({ a: { disk }, folder }) => {
    const file = await disk.open(`${folder}/file`, { write: true, create: true });
    await file.write([pattern(100)], 0);
    await file.truncate(40);
    assert.equal((await file.stat()).length, 40);
    await file.truncate(80);
    const bytes = new Uint8Array(100).fill(1);
    assert.equal(await file.read([bytes], 0), 80);
    assertSameBytes(bytes.subarray(0, 40), pattern(100).subarray(0, 40));
    assert.ok(bytes.subarray(40, 80).every((byte) => byte === 0));
    await file.close();
  });

  test('writes under way at the same time all land', async ({ a: { disk }, folder }) => {
    const file = await disk.open(`${folder}/file`, { write: true, create: true });
    const bytes = pattern(40 * 10_000);
    await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        file.write([bytes.subarray(i * 10_000, (i + 1) * 10_000)], i * 10_000),
      ),
    );
    const back = new Uint8Array(bytes.length);
    await file.read([back], 0);
    assertSameBytes(back, bytes);
    await file.close();
  });

  test('open makes nothing unless it is asked to', async ({ a: { disk }, folder }) => {
    await rejectsWith('not-found', disk.open(`${folder}/none`));
    await rejectsWith('not-found', disk.open(`${folder}/none`, { write: true }));
    await rejectsWith('not-found', disk.open(`${folder}/none/below`, { write: true, create: true }));
    assert.deepEqual(await disk.list(folder), []);
  });

  test('open keeps what is there, and refuses it when a new file was asked for', async ({
    a: { disk },
    folder,
  }) => {
    const path = `${folder}/file`;
    const made = await disk.open(path, { write: true, create: 'new' });
    await made.write([pattern(10)], 0);
    await made.close();
    await rejectsWith('exists', disk.open(path, { write: true, create: 'new' }));
    const kept = await disk.open(path, { write: true, create: true });
    assert.equal((await kept.stat()).length, 10);
    await kept.close();
  });

  test('a folder is not a file, and a file not a folder', async ({ a: { disk }, folder }) => {
    const file = await disk.open(`${folder}/file`, { write: true, create: true });
    await file.close();
    await rejectsWith('is-folder', disk.open(folder));
    await rejectsWith('is-folder', disk.open(folder, { write: true }));
    await rejectsWith('not-folder', disk.open(`${folder}/file/below`));
    await rejectsWith('not-folder', disk.open(`${folder}/file/below`, { write: true, create: true }));
    await rejectsWith('not-folder', disk.list(`${folder}/file`));
  });

  test('a file that is only read cannot be written', async ({ a: { disk }, folder }) => {
    const made = await disk.open(`${folder}/file`, { write: true, create: true });
    await made.close();
    const file = await disk.open(`${folder}/file`);
    await rejectsWith('invalid', file.write([pattern(1)], 0));
    await rejectsWith('invalid', file.truncate(5));
    await file.close();
  });

  test('positions and lengths that cannot be are invalid', async ({ a: { disk }, folder }) => {
    const file = await disk.open(`${folder}/file`, { write: true, create: true });
    for (const position of [-1, 0.5, Number.NaN]) {
      await rejectsWith('invalid', file.read([new Uint8Array(1)], position));
      await rejectsWith('invalid', file.write([new Uint8Array(1)], position));
      await rejectsWith('invalid', file.truncate(position));
    }
    await file.close();
  });

  test('a closed file answers with closed, and may be closed again', async ({ a: { disk }, folder }) => {
    const file = await disk.open(`${folder}/file`, { write: true, create: true });
    const writing = file.write([pattern(1_000_000)], 0);
    await file.close();
    await writing;
    await file.close();
    await rejectsWith('closed', file.read([new Uint8Array(1)], 0));
    await rejectsWith('closed', file.write([new Uint8Array(1)], 0));
    await rejectsWith('closed', file.stat());
    await rejectsWith('closed', file.sync());
    assert.equal((await disk.stat(`${folder}/file`)).length, 1_000_000);
  });

  for (const fault of faults) {
    test(`a new file where the disk says ${fault} is refused with that code`, async (pair) => {
      const broken = await pair.brokenFolder?.(fault);
      const write = async (): Promise<void> => {
        const file = await pair.a.disk.open(`${broken}/new`, { write: true, create: true });
        await file.write([pattern(1_000_000)], 0);
        await file.sync();
      };
      await rejectsWith(fault, write());
    });
  }
}
