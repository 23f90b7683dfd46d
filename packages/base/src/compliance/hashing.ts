import assert from 'node:assert/strict';
import { createSlabs } from '../slabs.ts';
import type { Hashing, HashJob } from '../world/hashing.ts';
import type { World } from '../world/world.ts';
import { rejectsWith } from './expect.ts';
import type { WorldTest } from './harness.ts';
import { joined, pattern } from './recorder.ts';

const leafLength = 16 * 1024;

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** BEP 52's root over padded leaves, written another way than any implementation should. */
function rootOf(hashing: Hashing, leaves: readonly Uint8Array[]): Uint8Array {
  const [first] = leaves;
  if (leaves.length === 1 && first !== undefined) return first;
  const half = leaves.length / 2;
  const parts = [rootOf(hashing, leaves.slice(0, half)), rootOf(hashing, leaves.slice(half))];
  return hashing.digest('sha256', joined(parts));
}

function expected(
  world: World,
  bytes: Uint8Array,
  leafCount: number,
): { leaves: Uint8Array; root: Uint8Array } {
  const leaves: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += leafLength)
    leaves.push(world.hashing.digest('sha256', bytes.subarray(at, at + leafLength)));
  const padding = Array.from({ length: leafCount - leaves.length }, () => new Uint8Array(32));
  return { leaves: joined(leaves), root: rootOf(world.hashing, [...leaves, ...padding]) };
}

async function writeFile(world: World, path: string, bytes: Uint8Array): Promise<void> {
  const file = await world.disk.open(path, { write: true, create: true });
  await file.write([bytes], 0);
  await file.close();
}

export function testHashing(test: WorldTest): void {
  test('digests match the published vectors', async ({ a: { hashing } }) => {
    assert.equal(hex(hashing.digest('sha1', text('abc'))), 'a9993e364706816aba3e25717850c26c9cd0d89d');
    assert.equal(hex(hashing.digest('sha1', text(''))), 'da39a3ee5e6b4b0d3255bfef95601890afd80709');
    assert.equal(
      hex(hashing.digest('sha256', text('abc'))),
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  test('a job over memory yields the digests it was asked for, from one or many blocks', async ({ a }) => {
    const bytes = pattern(100_001);
    for (const cut of [100_001, 16_384, 16_383, 50_000, 1_000]) {
      const blocks: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += cut) blocks.push(bytes.subarray(at, at + cut));
      const merkle = { leafLength, leafCount: 8 };
      const result = await a.hashing.run({ source: { kind: 'memory', blocks }, sha1: true, merkle });
      const { leaves, root } = expected(a, bytes, 8);
      assert.equal(result.bytesRead, bytes.length);
      assert.equal(hex(result.sha1), hex(a.hashing.digest('sha1', bytes)));
      assert.equal(hex(result.leaves), hex(leaves));
      assert.equal(hex(result.root), hex(root));
    }
  });

  test('only what was asked for is given', async ({ a: { hashing } }) => {
    const source = { kind: 'memory', blocks: [text('abc')] } as const;
    const sha1 = await hashing.run({ source, sha1: true });
    assert.deepEqual(Object.keys(sha1).sort(), ['bytesRead', 'sha1']);
    const merkle = await hashing.run({ source, merkle: { leafLength, leafCount: 1 } });
    assert.deepEqual(Object.keys(merkle).sort(), ['bytesRead', 'leaves', 'root']);
    assert.equal(hex(merkle.root), hex(hashing.digest('sha256', text('abc'))));
  });

  test('nothing at all has digests too', async ({ a: { hashing } }) => {
    const source = { kind: 'memory', blocks: [] } as const;
    const result = await hashing.run({ source, sha1: true, merkle: { leafLength, leafCount: 1 } });
    assert.equal(hex(result.sha1), 'da39a3ee5e6b4b0d3255bfef95601890afd80709');
    assert.equal(hex(result.leaves), '');
    assert.equal(hex(result.root), '0'.repeat(64));
  });

  test('blocks may lie in slabs, and beside them in memory of their own', async ({ a }) => {
    const slabs = createSlabs({ slabLength: leafLength, capacity: 8, slabsPerArena: 3 });
    const blocks: Uint8Array[] = [];
    for (let i = 0; i < 7; i++) {
      const slab = slabs.take();
      assert.ok(slab !== undefined);
      slab.set(pattern(leafLength, i));
      blocks.push(slab, pattern(10 + i, i));
    }
    blocks.push(blocks[0]?.subarray(5, 77) ?? new Uint8Array());
    const result = await a.hashing.run({ source: { kind: 'memory', blocks }, sha1: true });
    assert.equal(hex(result.sha1), hex(a.hashing.digest('sha1', joined(blocks))));
  });

  test('memory that is not shared may change as soon as run was called', async ({ a: { hashing } }) => {
    const bytes = pattern(200_000);
    const running = hashing.run({ source: { kind: 'memory', blocks: [bytes] }, sha1: true });
    bytes.fill(0);
    assert.equal(hex((await running).sha1), hex(hashing.digest('sha1', pattern(200_000))));
  });

  test('many jobs at once each get their own result', async ({ a: { hashing } }) => {
    await Promise.all(
      Array.from({ length: 300 }, async (_, i) => {
        const result = await hashing.run({
          source: { kind: 'memory', blocks: [pattern(i * 7, i)] },
          sha1: true,
        });
        assert.equal(hex(result.sha1), hex(hashing.digest('sha1', pattern(i * 7, i))));
      }),
    );
  });

  test('ranges of files are read in order, and a range without a path is zeros', async ({ a, folder }) => {
    const first = pattern(1_500_000, 1);
    const second = pattern(40_000, 2);
    await writeFile(a, `${folder}/first`, first);
    await writeFile(a, `${folder}/second`, second);
    const ranges = [
      { path: `${folder}/first`, offset: 100, length: 1_400_000 },
      { path: '', offset: 0, length: 700_000 },
      { path: `${folder}/second`, offset: 0, length: 40_000 },
      { path: `${folder}/second`, offset: 39_999, length: 0 },
      { path: `${folder}/first`, offset: 0, length: 50 },
    ];
    const bytes = joined([
      first.subarray(100, 1_400_100),
      new Uint8Array(700_000),
      second,
      first.subarray(0, 50),
    ]);
    const job: HashJob = {
      source: { kind: 'file', ranges },
      sha1: true,
      merkle: { leafLength, leafCount: 256 },
    };
    const result = await a.hashing.run(job);
    assert.equal(result.bytesRead, bytes.length);
    assert.equal(hex(result.sha1), hex(a.hashing.digest('sha1', bytes)));
    assert.equal(hex(result.root), hex(expected(a, bytes, 256).root));
  });

  test('a file that ends early gives its length and no digest', async ({ a, folder }) => {
    await writeFile(a, `${folder}/short`, pattern(1000));
    const ranges = [
      { path: `${folder}/short`, offset: 400, length: 5000 },
      { path: '', offset: 0, length: 10 },
    ];
    const merkle = { leafLength, leafCount: 1 };
    const result = await a.hashing.run({ source: { kind: 'file', ranges }, sha1: true, merkle });
    assert.deepEqual(result, { bytesRead: 600 });
  });

  test('a file that cannot be read rejects its own job only', async ({ a, folder }) => {
    await writeFile(a, `${folder}/there`, pattern(1000));
    const run = (path: string) =>
      a.hashing.run({ source: { kind: 'file', ranges: [{ path, offset: 0, length: 1000 }] }, sha1: true });
    const [missing, there, asFolder] = [run(`${folder}/missing`), run(`${folder}/there`), run(folder)];
    await Promise.all([
      rejectsWith('not-found', missing),
      rejectsWith('is-folder', asFolder),
      there.then(({ sha1 }) => assert.equal(hex(sha1), hex(a.hashing.digest('sha1', pattern(1000))))),
    ]);
  });

  test('a file that was replaced is read anew', async ({ a, folder }) => {
    const path = `${folder}/file`;
    const source = { kind: 'file', ranges: [{ path, offset: 0, length: 1000 }] } as const;
    await writeFile(a, path, pattern(1000, 1));
    await a.hashing.run({ source, sha1: true });
    await writeFile(a, `${folder}/new`, pattern(1000, 2));
    await a.disk.rename(`${folder}/new`, path);
    const { sha1 } = await a.hashing.run({ source, sha1: true });
    assert.equal(hex(sha1), hex(a.hashing.digest('sha1', pattern(1000, 2))));
  });

  test('a job can be aborted before and while it waits', async ({ a: { hashing } }) => {
    const job = { source: { kind: 'memory', blocks: [pattern(1000)] }, sha1: true } as const;
    await rejectsWith('aborted', hashing.run(job, AbortSignal.abort()));
    const controller = new AbortController();
    const running = hashing.run(job, controller.signal);
    const other = hashing.run(job);
    controller.abort();
    await rejectsWith('aborted', running);
    assert.equal(hex((await other).sha1), hex(hashing.digest('sha1', pattern(1000))));
  });

  test('bytes that have the right digest are written, and others are not', async ({ a, folder }) => {
    const { hashing } = a;
    const slabs = createSlabs({ slabLength: 300_000, capacity: 2 });
    const slab = slabs.take() ?? new Uint8Array(0);
    slab.set(pattern(300_000, 1));
    const own = pattern(5_000, 2);
    const whole = joined([slab, own]);
    const merkle = { leafLength, leafCount: 32 };
    const file = await a.disk.open(`${folder}/file`, { write: true, create: true });
    const sha1 = hashing.digest('sha1', whole);
    const { root } = expected(a, whole, 32);
    // Slabs out of order, and memory of our own between them.
    const half = slab.subarray(0, 150_000);
    const rest = slab.subarray(150_000);
    const asV1 = { source: { kind: 'memory', blocks: [slab, own] }, sha1: true } as const;
    const asV2 = { source: { kind: 'memory', blocks: [half, rest, own] }, merkle } as const;
    const [right, wrong, byRoot, padded] = await Promise.all([
      hashing.run({ ...asV1, store: { digest: sha1, file, position: 10, length: whole.length } }),
      hashing.run({ ...asV1, store: { digest: root.subarray(0, 20), file, position: 0, length: 5 } }),
      hashing.run({ ...asV2, store: { digest: root, file, position: 400_000, length: whole.length } }),
      hashing.run({ ...asV1, store: { digest: sha1, file, position: 800_000, length: 1_000 } }),
    ]);
    assert.deepEqual(
      [right.isStored, wrong.isStored, byRoot.isStored, padded.isStored],
      [true, false, true, true],
    );
    assert.equal(hex(wrong.sha1), hex(sha1));
    assert.equal((await file.stat()).length, 801_000);
    const at = async (position: number, length: number): Promise<string> => {
      const bytes = new Uint8Array(length);
      await file.read([bytes], position);
      return hex(hashing.digest('sha1', bytes));
    };
    assert.equal(await at(10, whole.length), hex(sha1));
    assert.equal(await at(400_000, whole.length), hex(sha1));
    assert.equal(await at(0, 10), hex(hashing.digest('sha1', new Uint8Array(10))));
    assert.equal(await at(800_000, 1_000), hex(hashing.digest('sha1', whole.subarray(0, 1_000))));
    await file.close();
  });

  test('a file that is closed or only read stores nothing', async ({ a, folder }) => {
    const { hashing } = a;
    const bytes = pattern(1000);
    await writeFile(a, `${folder}/file`, bytes);
    const file = await a.disk.open(`${folder}/file`);
    const job = (length: number): HashJob => ({
      source: { kind: 'memory', blocks: [bytes] },
      sha1: true,
      store: { digest: hashing.digest('sha1', bytes), file, position: 0, length },
    });
    await rejectsWith('invalid', hashing.run(job(1000)));
    await rejectsWith('invalid', hashing.run(job(1001)));
    await file.close();
    const closed = await a.disk.open(`${folder}/file`, { write: true });
    await closed.close();
    const { store } = job(1000);
    if (store !== undefined)
      await rejectsWith('closed', hashing.run({ ...job(1000), store: { ...store, file: closed } }));
  });

  test('a file that is closed while something is stored into it has it', async ({ a, folder }) => {
    const bytes = pattern(200_000);
    const file = await a.disk.open(`${folder}/file`, { write: true, create: true });
    const digest = a.hashing.digest('sha1', bytes);
    const storing = a.hashing.run({
      source: { kind: 'memory', blocks: [bytes] },
      sha1: true,
      store: { digest, file, position: 0, length: bytes.length },
    });
    const outcome = storing.then(
      ({ isStored }) => isStored,
      ({ code }) => code,
    );
    await file.close();
    // Either it was in time, or it was told that it was not.
    assert.equal((await a.disk.stat(`${folder}/file`)).length, (await outcome) === true ? 200_000 : 0);
  });

  test('a job that makes no sense is invalid', async ({ a: { hashing }, folder }) => {
    const source = { kind: 'memory', blocks: [pattern(20_000)] } as const;
    for (const leafCount of [0, 1, 3, -1, 1.5])
      await rejectsWith('invalid', hashing.run({ source, merkle: { leafLength, leafCount } }));
    await rejectsWith('invalid', hashing.run({ source, merkle: { leafLength: 0, leafCount: 2 } }));
    const ranges = [{ path: `${folder}/x`, offset: -1, length: 5 }];
    await rejectsWith('invalid', hashing.run({ source: { kind: 'file', ranges }, sha1: true }));
  });
}
