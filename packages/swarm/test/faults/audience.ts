// Those who watch in the middle of an ordeal: readers that seek at random, stop, and are left; and seeds that super-seed
// now and then, and a volunteer. What a reader gets is compared with what should be there.

import assert from 'node:assert/strict';
import type { SeededRandom } from '@shoal/sim';
import type { RangeReader } from '@shoal/swarm';
import { addPeer, type SimPeer } from '../sim-swarm.ts';
import type { Arena } from './arena.ts';

export class Audience {
  readonly #arena: Arena;
  readonly #random: SeededRandom;
  readonly #leaving = new AbortController();
  #hasLeft = false;
  #volunteer: SimPeer | undefined;
  #mostBytes = 0;
  readonly #had = new Set<number>();

  constructor(arena: Arena, random: SeededRandom) {
    this.#arena = arena;
    this.#random = random;
    for (const peer of arena.honest) if (random.chance(0.3)) void this.#watch(peer);
  }

  /** One that wants nothing for itself, and may hold so much. */
  async addVolunteer(): Promise<void> {
    const { simulation, sample, honest } = this.#arena;
    this.#mostBytes = this.#random.below(600_000);
    this.#volunteer = await addPeer(simulation, {
      sample,
      knows: honest,
      options: { mode: { kind: 'share', mostBytes: this.#mostBytes } },
    });
    this.#volunteer.transfer.subscribe((event) => {
      if (event.kind === 'piece') this.#had.add(event.piece);
    });
  }

  /** Between two faults: somebody begins to watch, or a mode changes. */
  act(): void {
    const { honest } = this.#arena;
    const peer = honest[this.#random.below(honest.length)];
    if (peer === undefined || !peer.host.isUp) return;
    if (this.#random.chance(0.3)) void this.#watch(peer);
    const isSuper = this.#random.chance(0.5);
    if (this.#random.chance(0.3))
      void peer.transfer.setMode({ kind: isSuper ? 'super-seed' : 'usual' }).catch(() => {});
  }

  async leave(): Promise<void> {
    this.#hasLeft = true;
    this.#leaving.abort();
    if (this.#volunteer === undefined) return;
    const { transfer, session, host } = this.#volunteer;
    const had = this.#had;
    const { pieceLength } = this.#arena.sample.torrent.layout;
    assert.ok(
      had.size * pieceLength <= this.#mostBytes,
      `${had.size} pieces are more than ${this.#mostBytes} bytes`,
    );
    assert.deepEqual(session.checkInvariants(), []);
    assert.equal(transfer.isComplete, false);
    for (const { peer, reason } of this.#arena.partings)
      assert.ok(!(reason.isBan && peer === host.address), `a volunteer was banned: ${reason.message}`);
    await this.#arena.simulation.settle(session.close());
  }

  /** Until it is left, or its transfer fails, stops, or dies with its host. */
  async #watch({ transfer }: SimPeer): Promise<void> {
    const { signal } = this.#leaving;
    const { files, torrent } = this.#arena.sample;
    const paths = torrent.layout.files.flatMap(({ path, isPad, length }) =>
      isPad || length === 0 ? [] : [path.join('/')],
    );
    const path = paths[this.#random.below(paths.length)] ?? '';
    const bytes = files.get(path);
    if (bytes === undefined) return;
    let reader: RangeReader | undefined;
    try {
      reader = await transfer.openFile(path, signal);
      for (let seeks = 1 + this.#random.below(6); seeks > 0 && !this.#hasLeft; seeks--)
        await this.#read(reader, bytes, signal);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
    } finally {
      if (this.#random.chance(0.9)) reader?.close();
    }
  }

  async #read(reader: RangeReader, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const start = this.#random.below(bytes.length);
    const end = start + this.#random.below(bytes.length - start + 1);
    let at = start;
    for await (const chunk of reader.read({ start, end }, signal)) {
      assert.equal(Buffer.compare(chunk, bytes.subarray(at, at + chunk.length)), 0, `wrong bytes at ${at}`);
      at += chunk.length;
      if (this.#random.chance(0.2)) return;
    }
    assert.ok(at === end || signal.aborted, `the range ended at ${at}, not ${end}`);
  }
}
