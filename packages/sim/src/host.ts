// A host: a machine, a disk and clocks that outlive crashes, and a World that does not. After a crash the old World
// never calls back: its timers do not fire, its promises do not settle, what it sends goes nowhere.

import { type World, WorldError } from '@shoal/base';
import { SimClock } from './clock.ts';
import { type DiskSpeed, type DiskState, SimDisk } from './disk/disk.ts';
import { Tree } from './disk/tree.ts';
import { Volume, type VolumeOptions } from './disk/volume.ts';
import { SimDiskControl } from './faults.ts';
import { type HashSpeed, SimHashing } from './hashing.ts';
import { SimHttp } from './http/client.ts';
import { DatagramPorts } from './network/datagrams.ts';
import type { LineOptions } from './network/line.ts';
import type { Machine } from './network/machine.ts';
import { interfacesOf } from './network/names.ts';
import { StreamPorts } from './network/streams.ts';
import { SimTls } from './network/tls.ts';
import type { SeededRandom } from './random.ts';
import type { SimulationParts } from './simulation.ts';

export interface DiskOptions extends DiskSpeed, VolumeOptions {
  /** Further file systems, by the folder that they are mounted on. */
  readonly mounts?: Readonly<Record<string, VolumeOptions>>;
  /** Default 1024. */
  readonly mostOpenFiles?: number;
}

export interface MachineOptions {
  readonly disk?: DiskOptions;
  readonly hashing?: HashSpeed;
  /** How far the wall clock is off. Default 0. */
  readonly wallOffsetMs?: number;
  /** Bytes of a stream under way or unread before the sender has to wait. Default 1 MiB. */
  readonly streamWindowBytes?: number;
}

export interface CrashOptions {
  /**
   * What becomes of writes and names that were not synced. `lost` (the default): a power cut. `torn`: a power cut
   * that leaves each sector and each name old or new, as the seed has it. `kept`: only the program is killed; its
   * machine lives on, keeps what was written, closes the sockets and refuses connections.
   */
  readonly unsynced?: 'lost' | 'torn' | 'kept';
}

export class SimHost {
  readonly disk: SimDiskControl;
  readonly #parts: SimulationParts;
  readonly #machine: Machine;
  readonly #options: MachineOptions;
  readonly #diskState: DiskState;
  readonly #volumes: Volume[];
  readonly #wall: { readonly index: number; readonly name: string; wallOffsetMs: number };
  readonly #random: SeededRandom;
  #incarnation = 0;
  #isUp = true;
  #world: World | undefined;
  #crashOptions: CrashOptions = {};

  constructor(parts: SimulationParts, machine: Machine, options: MachineOptions) {
    const { timeline, trace, chunks } = parts.net;
    this.#parts = parts;
    this.#machine = machine;
    this.#options = options;
    const { index, name } = machine;
    this.#wall = { index, name, wallOffsetMs: options.wallOffsetMs ?? 0 };
    this.#random = parts.randomFor(`host ${name} disk`);
    const { mounts = {}, mostOpenFiles, ...disk } = options.disk ?? {};
    const volume = new Volume(chunks, 0, disk);
    const mounted = Object.entries(mounts).map(
      ([path, one], i) => [path, new Volume(chunks, i + 1, one)] as const,
    );
    this.#volumes = [volume, ...mounted.map(([, one]) => one)];
    const tree = new Tree(volume.root, () => this.#wallTimeMs(), mostOpenFiles);
    this.#diskState = {
      tree,
      timeline,
      trace,
      random: this.#random,
      host: machine,
      speed: disk,
      busyUntilMs: 0,
      head: '',
      operations: 0,
      fault: (operation) => this.disk.faultFor(operation),
      crash: () => this.crash(this.#crashOptions),
    };
    this.disk = new SimDiskControl(this.#diskState, volume, chunks);
    for (const [path, one] of mounted) tree.mount(path, one);
    tree.makeFolder('/data');
    for (const one of this.#volumes) one.syncFolder(one.root);
    this.#start();
  }

  get name(): string {
    return this.#machine.name;
  }

  /** IPv4 first. */
  get addresses(): readonly string[] {
    return this.#machine.addresses.map(({ address }) => address);
  }

  /** The first of its addresses. */
  get address(): string {
    const [first] = this.addresses;
    if (first === undefined) throw new WorldError('address-unavailable', `${this.name} has no address`);
    return first;
  }

  /** Its program runs. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Of the present incarnation: another one after each restart. */
  get world(): World {
    this.#world ??= this.#makeWorld();
    return this.#world;
  }

  get machine(): Machine {
    return this.#machine;
  }

  setLine(options: LineOptions): void {
    this.#machine.line.set(options);
  }

  setWallOffset(offsetMs: number): void {
    this.#wall.wallOffsetMs = offsetMs;
  }

  /** Moves the machine to other addresses. Connections over the old ones get no answer any more. */
  setAddresses(addresses: readonly string[]): void {
    this.#parts.moveTo(this.#machine, addresses);
  }

  /** How crashes that the disk causes treat what was not synced. */
  setCrashOptions(options: CrashOptions): void {
    this.#crashOptions = options;
  }

  /** Stops dead: no FIN, no reset (unless `kept`), and of what was not synced only what `options` say is left. */
  crash(options: CrashOptions = this.#crashOptions): void {
    if (!this.#machine.isUp) return;
    const { timeline, trace } = this.#parts.net;
    trace.add(timeline.nowMs, 'crash', this.#machine, this.#incarnation);
    const unsynced = options.unsynced ?? 'lost';
    this.#isUp = false;
    this.#machine.isUp = unsynced === 'kept';
    this.#incarnation++;
    this.#world = undefined;
    this.#machine.datagrams = undefined;
    const { streams } = this.#machine;
    this.#machine.streams = undefined;
    if (unsynced === 'kept') streams?.abandon();
    else streams?.vanish();
    this.#diskState.tree.forgetHandles();
    for (const volume of this.#volumes) {
      if (unsynced === 'kept') volume.closeAll();
      else volume.lose(unsynced === 'torn' ? this.#random : undefined);
    }
  }

  /** Up again, with the disk that survived. */
  restart(): World {
    if (this.#isUp) this.crash();
    this.#isUp = true;
    this.#machine.isUp = true;
    this.#diskState.busyUntilMs = 0;
    this.#start();
    return this.world;
  }

  #start(): void {
    const { net } = this.#parts;
    this.#machine.datagrams = new DatagramPorts(this.#machine, net);
    this.#machine.streams = new StreamPorts(this.#machine, net, this.#options.streamWindowBytes);
  }

  #wallTimeMs(): number {
    return this.#clock(() => true).wallTimeMs();
  }

  #clock(isAlive: () => boolean): SimClock {
    const { timeline, trace } = this.#parts.net;
    return new SimClock(timeline, trace, this.#wall, isAlive);
  }

  #makeWorld(): World {
    const { datagrams, streams } = this.#machine;
    if (datagrams === undefined || streams === undefined)
      throw new WorldError('closed', `${this.name} is down: restart it first`);
    const incarnation = this.#incarnation;
    const isAlive = (): boolean => this.#incarnation === incarnation;
    const clock = this.#clock(isAlive);
    const disk = new SimDisk(this.#diskState, isAlive);
    const names = this.#parts.names.namesFor(isAlive);
    const tls = new SimTls(streams, clock);
    const http = new SimHttp({ streams, tls, names, clock });
    const { timeline } = this.#parts.net;
    return {
      clock,
      random: this.#parts.randomFor(`host ${this.name} life ${incarnation}`),
      hashing: new SimHashing(
        timeline,
        this.#options.hashing ?? {},
        { disk, tree: this.#diskState.tree },
        isAlive,
      ),
      streams,
      tls,
      datagrams,
      names,
      interfaces: interfacesOf(this.#machine),
      http,
      disk,
      async close() {
        http.close();
        streams.closeAll();
        datagrams.closeAll();
      },
    };
  }
}
