// Transfers that are moved, renamed, looked for elsewhere and dropped while they are traded, on Node's disk and sockets.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { StorageError } from '@shoal/storage';
import { SwarmError, type TransferOptions } from '@shoal/swarm';
import { isWhole, type Lab, openLab, writeSample } from './real-swarm.ts';
import { makeSample, type Sample, someBytes } from './sample.ts';

/** Another file system than the one of temporary files, where there is one. */
const otherDisk = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

describe('where content is', () => {
  let lab: Lab;
  let elsewhere: string;
  before(async () => {
    lab = await openLab();
    elsewhere = await mkdtemp(join(otherDisk, 'shoal-places-'));
  });
  after(async () => {
    await lab.close();
    await rm(elsewhere, { recursive: true });
  });

  async function source(name: string) {
    const sample = makeSample(
      { 'a/one': someBytes(3_000_000), two: someBytes(700_001, 2), 'a/small': someBytes(50, 3) },
      { format: 'v1', pieceLength: 65_536, name },
    );
    const from = lab.place(`from-${name}`);
    await writeSample(sample, from);
    const { session, address } = await lab.session();
    const torrent = { kind: 'torrent', torrent: sample.torrent } as const;
    const transfer = session.add(torrent, { folder: from, journal: lab.place(`${name}-from.journal`) });
    await transfer.whenComplete();
    return { sample, torrent, transfer, session, address };
  }

  async function pair(name: string, options: Partial<TransferOptions> = {}) {
    const seed = await source(name);
    const { session } = await lab.session();
    const to = lab.place(`to-${name}`);
    const given = { folder: to, journal: lab.place(`${name}-to.journal`), ...options };
    const add = (more: Partial<TransferOptions> = {}) =>
      session.add(seed.torrent, { ...given, peers: [seed.address], ...more });
    return { ...seed, seed: seed.transfer, seedSession: seed.session, session, to, add, target: add() };
  }

  const wholeIn = async (sample: Sample, folder: string) => assert.ok(await isWhole(sample, folder), folder);

  test('both sides move to another disk and back while they trade', async () => {
    const { sample, seed, target, session, seedSession } = await pair('moving');
    const moves = [
      seed.move({ folder: join(elsewhere, 'seed') }),
      target.move({ folder: join(elsewhere, 'target') }),
    ];
    await target.whenComplete(AbortSignal.timeout(20_000));
    await Promise.all(moves);
    assert.equal(target.moving, undefined);
    await wholeIn(sample, join(elsewhere, 'target'));
    await wholeIn(sample, join(elsewhere, 'seed'));
    assert.deepEqual(
      await readdir(lab.folder).then((names) => names.filter((name) => /-moving$/.test(name))),
      [...['from-moving', 'to-moving'].filter((name) => existsSync(lab.place(name)))],
    );
    assert.equal(existsSync(join(lab.place('to-moving'), 'moving')), false);
    await target.move({ folder: lab.place('back') });
    await wholeIn(sample, lab.place('back'));
    assert.deepEqual([...session.checkInvariants(), ...seedSession.checkInvariants()], []);
  });

  test('unfinished files are on one disk, and finished ones on another', async () => {
    const { sample, target, to } = await pair('apart', { unfinished: join(elsewhere, 'unfinished') });
    await target.whenComplete(AbortSignal.timeout(20_000));
    await wholeIn(sample, to);
    assert.equal(target.home?.unfinished, join(elsewhere, 'unfinished', 'apart'));
  });

  test('files and folders get other names, but no unsafe ones', async () => {
    const { sample, target, to, torrent, session } = await pair('naming');
    await target.whenComplete(AbortSignal.timeout(20_000));
    for (const name of ['..', 'a/b', 'CON', 'x:', '', 'x.'])
      await assert.rejects(target.rename('two', name), SwarmError, name);
    await assert.rejects(target.rename('nothing', 'x'), SwarmError);
    await assert.rejects(target.rename('two', 'a'), (error) => error instanceof StorageError);
    await target.rename('two', 'zwei');
    await target.rename('a', 'b');
    await target.rename('', 'other');
    assert.deepEqual(await readFile(join(to, 'other', 'zwei')), Buffer.from(sample.files.get('two') ?? []));
    assert.deepEqual(
      await readFile(join(to, 'other', 'b', 'one')),
      Buffer.from(sample.files.get('a/one') ?? []),
    );
    assert.deepEqual((await readdir(join(to, 'other'))).sort(), ['b', 'zwei']);
    const { home } = target;
    await target.stop();
    assert.ok(home !== undefined);
    const again = session.add(torrent, { folder: to, home, journal: lab.place('naming-to.journal') });
    await again.whenComplete(AbortSignal.timeout(20_000));
    assert.equal(again.progress.bytes, 3_700_051);
  });

  test('data that lies elsewhere is verified there; where there is none, nothing changes', async () => {
    const { sample, target, to } = await pair('relocating');
    await target.whenComplete(AbortSignal.timeout(20_000));
    await assert.rejects(target.relocate(lab.place('nowhere')), (error) => {
      return error instanceof StorageError && error.code === 'missing';
    });
    assert.ok(target.isComplete);
    await rename(to, lab.place('relocated'));
    await target.relocate(lab.place('relocated'));
    await target.whenComplete(AbortSignal.timeout(20_000));
    assert.equal(target.progress.bytes, 3_700_051);
    // What is bad there is fetched again.
    const place = lab.place('damaged');
    const bytes = sample.files.get('two')?.slice() ?? new Uint8Array(0);
    bytes.fill(0, 100_000, 110_000);
    await writeSample({ ...sample, files: new Map([...sample.files, ['two', bytes]]) }, place);
    await target.relocate(place);
    await target.whenComplete(AbortSignal.timeout(20_000));
    await wholeIn(sample, place);
  });

  test('a file that is dropped goes from the disk, and can be had again', async () => {
    const { sample, target, to, session } = await pair('dropping');
    await target.whenComplete(AbortSignal.timeout(20_000));
    const { layout } = sample.torrent;
    const one = layout.files.findIndex(({ path }) => path.join('/') === 'a/one');
    await target.select((path) => path !== 'a/one');
    assert.deepEqual((await readdir(join(to, 'dropping', 'a'))).sort(), ['one', 'small']);
    await target.discard([one]);
    assert.deepEqual(await readdir(join(to, 'dropping', 'a')), ['small']);
    assert.deepEqual(session.checkInvariants(), []);
    assert.ok(target.isComplete);
    await target.select(() => true);
    await target.whenComplete(AbortSignal.timeout(20_000));
    await wholeIn(sample, to);
    assert.deepEqual(session.checkInvariants(), []);
  });

  test('a transfer is removed with its files, and with nobody else’s', async () => {
    const { target, to } = await pair('destroying');
    await target.whenComplete(AbortSignal.timeout(20_000));
    await writeFile(join(to, 'destroying', 'mine'), 'mine');
    assert.deepEqual(await target.destroy(), []);
    assert.deepEqual(await readdir(to, { recursive: true }), ['destroying', 'destroying/mine']);
    assert.equal(existsSync(lab.place('destroying-to.journal')), false);
  });

  test('a paused transfer is moved, and goes on in the new place', async () => {
    const { sample, target } = await pair('pausing');
    await target.pause();
    await target.move({ folder: join(elsewhere, 'paused') });
    assert.equal(target.state, 'paused');
    target.resume();
    await target.whenComplete(AbortSignal.timeout(20_000));
    await wholeIn(sample, join(elsewhere, 'paused'));
  });

  test('a move to where nothing can be made is refused, and the transfer goes on in its old place', async () => {
    const { sample, target, to } = await pair('refusing');
    await writeFile(lab.place('refusing-file'), 'mine');
    const targets = [lab.place('refusing-file'), ...(process.platform === 'linux' ? ['/proc/none'] : [])];
    for (const folder of targets) {
      await assert.rejects(
        target.move({ folder }),
        (error) =>
          error instanceof StorageError &&
          !/missing/.test(error.code + error.message) &&
          error.message.includes(folder),
      );
      assert.equal(target.moving, undefined);
    }
    await target.whenComplete(AbortSignal.timeout(20_000));
    await wholeIn(sample, to);
    assert.equal(target.error, undefined);
  });

  test('a transfer that could not be opened answers a move with a refusal', async () => {
    const { torrent } = await source('unopened');
    const { session } = await lab.session();
    await writeFile(lab.place('unopened-file'), 'mine');
    const transfer = session.add(torrent, {
      folder: lab.place('unopened'),
      journal: lab.place('unopened-file/journal'),
    });
    await assert.rejects(transfer.whenComplete(AbortSignal.timeout(20_000)));
    assert.equal(transfer.state, 'failed');
    await assert.rejects(transfer.move({ folder: lab.place('unopened-there') }), StorageError);
  });

  test('a move that a stop broke off goes on when the transfer is added again', async () => {
    const { sample, target, add } = await pair('breaking');
    await target.whenComplete(AbortSignal.timeout(20_000));
    const moving = target.move({ folder: join(elsewhere, 'broken') });
    await Promise.all([assert.rejects(moving), target.stop()]);
    const again = add();
    await again.whenComplete(AbortSignal.timeout(20_000));
    await new Promise<void>((resolve) => {
      const look = () => again.moving === undefined && resolve();
      again.subscribe(look);
      look();
    });
    const isThere = again.home?.folder === join(elsewhere, 'broken', 'breaking');
    await wholeIn(sample, isThere ? join(elsewhere, 'broken') : lab.place('to-breaking'));
  });
});
