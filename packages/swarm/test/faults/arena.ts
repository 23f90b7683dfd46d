// Honest peers among hostile ones, in one simulation: what a run of them has to end with, whatever the faults.
// Honest peers never ban each other; each of them has all the right bytes in the end; nothing is left behind after it.

import assert from 'node:assert/strict';
import { magnetOf, parseMagnet } from '@shoal/metainfo';
import type { HostOptions, SimHost, Simulation } from '@shoal/sim';
import { StorageError } from '@shoal/storage';
import type { Leave, TransferEvent } from '@shoal/swarm';
import type { Sample } from '../sample.ts';
import { begin, hasAll, type PeerSetup, runUntil, type SimPeer } from '../sim-swarm.ts';
import { HostileHost } from './hostile-host.ts';
import type { Script } from './hostile-line.ts';

export interface HonestSetup extends Omit<PeerSetup, 'sample' | 'knows'> {
  readonly knows?: readonly (SimPeer | HostileHost)[];
  readonly isMagnet?: boolean;
  /** Before anything runs on it. */
  readonly prepare?: (host: SimHost) => void;
}

export interface Parting {
  readonly by: string;
  readonly peer: string;
  readonly reason: Leave;
}

export class Arena {
  readonly simulation: Simulation;
  readonly sample: Sample;
  readonly honest: SimPeer[] = [];
  readonly hostile: HostileHost[] = [];
  /** Whom honest peers let go, and why. */
  readonly partings: Parting[] = [];
  readonly #lostPower = new Set<SimHost>();
  readonly #setups = new Map<SimPeer, HonestSetup>();

  constructor(simulation: Simulation, sample: Sample) {
    this.simulation = simulation;
    this.sample = sample;
  }

  async addHonest(setup: HonestSetup): Promise<SimPeer> {
    const host = this.simulation.addHost(setup.host);
    setup.prepare?.(host);
    const { torrent, files } = this.sample;
    if (setup.isSeed === true)
      for (const [path, bytes] of files)
        host.disk.write(`/content/${torrent.folder === undefined ? '' : `${torrent.folder}/`}${path}`, bytes);
    return this.#begin(host, setup);
  }

  async #begin(host: SimHost, setup: HonestSetup): Promise<SimPeer> {
    const { isMagnet, knows = [], ...rest } = setup;
    const { torrent } = this.sample;
    const peer = await begin(this.simulation, host, {
      ...rest,
      sample: this.sample,
      ...(isMagnet === true ? { magnet: parseMagnet(magnetOf(torrent)) } : {}),
      options: { ...setup.options, peers: knows.map(({ address }) => address) },
    });
    this.honest.push(peer);
    this.#setups.set(peer, setup);
    peer.transfer.subscribe((event: TransferEvent) => {
      if (event.kind === 'peer-left')
        this.partings.push({ by: host.address, peer: event.address.address, reason: event.reason });
    });
    return peer;
  }

  /** After a crash of its host: the same transfer with what is on the disk. */
  async restart(peer: SimPeer, changes: Partial<HonestSetup> = {}): Promise<SimPeer> {
    this.honest.splice(this.honest.indexOf(peer), 1);
    peer.host.restart();
    return this.#begin(peer.host, { ...this.#setups.get(peer), ...changes });
  }

  /** As `lost` or `torn` for the host's next crash. */
  cutPower(peer: SimPeer): void {
    this.#lostPower.add(peer.host);
  }

  addHostile(script: Script, options?: HostOptions): HostileHost {
    const hostile = new HostileHost(this.simulation, script, this.sample, options);
    this.hostile.push(hostile);
    return hostile;
  }

  /** Why honest peers let this host go. */
  reasonsFor(hostile: HostileHost): Leave[] {
    return this.partings.filter(({ peer }) => peer === hostile.host.address).map(({ reason }) => reason);
  }

  isBanned(hostile: HostileHost): boolean {
    return this.honest.some(({ transfer }) =>
      transfer.bans.some(({ address }) => address.address === hostile.host.address),
    );
  }

  runUntil(condition: () => boolean, limitMs?: number): Promise<void> {
    return runUntil(this.simulation, this.honest, condition, limitMs);
  }

  get areAllDone(): boolean {
    return this.honest.every(({ transfer }) => transfer.isComplete);
  }

  /** Restarts what failed for a stated reason, once the reason is gone. */
  async runToTheEnd(limitMs: number): Promise<void> {
    const endMs = this.simulation.nowMs + limitMs;
    const hasFailed = ({ transfer }: SimPeer) => transfer.state === 'failed';
    for (;;) {
      const leftMs = endMs - this.simulation.nowMs;
      const isDown = ({ host }: SimPeer) => !host.isUp;
      await this.runUntil(
        () => this.areAllDone || this.honest.some(hasFailed) || this.honest.some(isDown),
        leftMs,
      );
      // A crash that was to come with some operation may come with one that was under way when it was called off.
      const down = this.honest.find(isDown);
      if (down !== undefined) {
        await this.restart(down);
        continue;
      }
      const failed = this.honest.find(hasFailed);
      if (failed === undefined) return;
      const { error } = failed.transfer;
      assert.ok(
        error instanceof StorageError && error.message.length > 0,
        `it failed without a reason: ${error}`,
      );
      await this.simulation.settle(failed.session.close());
      assert.deepEqual(failed.session.checkInvariants(), []);
      await this.simulation.advance(1000);
      // A power cut may leave a new file's name without its bytes, and without a record of whose it is.
      const isLostFile = error.code === 'in-the-way' && this.#lostPower.has(failed.host);
      assert.ok(error.code !== 'in-the-way' || isLostFile, error.message);
      await this.restart(failed, isLostFile ? { options: { overwrite: true } } : {});
    }
  }

  checkHonest(): void {
    const honest = new Set(this.honest.map(({ host }) => host.address));
    for (const { by, peer, reason } of this.partings)
      assert.ok(!(reason.isBan && honest.has(peer)), `${by} banned honest ${peer}: ${reason.message}`);
    for (const peer of this.honest) {
      if (peer.transfer.isComplete) assert.ok(hasAll(peer, this.sample), `${peer.host.name} has wrong bytes`);
    }
  }

  /** Closes all; a session that is closed holds no memory. */
  async close(): Promise<void> {
    for (const hostile of this.hostile) hostile.isResting = true;
    const sessions = this.honest.filter(({ host }) => host.isUp).map(({ session }) => session);
    await this.simulation.settle(Promise.all(sessions.map((session) => session.close())));
    await this.simulation.advance(1000);
    for (const session of sessions) assert.deepEqual(session.checkInvariants(), []);
  }
}
