// A running node: its data folder, the engine with its transfers, its server, and a clean end. Invariant: what `startNode`
// opened is closed again when it fails half-way, and by `stop`.

import type { NodeFacts, NodeStatistics } from '@shoal/api';
import type { World } from '@shoal/base';
import type { HostPort } from '@shoal/metainfo';
import type { EncryptionPolicy } from '@shoal/transport';
import { dhtSaveIntervalMs, freeBytesMs } from './bounds.ts';
import { limitSettings } from './config/limits.ts';
import type { Config } from './config/schema.ts';
import { openEngine } from './engine/engine.ts';
import { openFinding } from './engine/finding.ts';
import { openDataFolder } from './folder/folder.ts';
import type { Log } from './log.ts';
import { Gate } from './server/access.ts';
import { Feed } from './server/feed.ts';
import { createHandlers } from './server/handlers.ts';
import { listen, urlOf } from './server/listen.ts';
import { createServer } from './server/server.ts';
import { Transfers } from './transfers/transfers.ts';

export interface NodeOptions {
  readonly world: World;
  readonly config: Config;
  /** The default port of the API may give way to the next free one; one that was asked for may not. */
  readonly mayMovePort: boolean;
  readonly version: string;
  readonly log: Log;
  readonly pid: number;
  /** For peers, absent: the usual one, or a free one where that is taken. */
  readonly peerPort?: number | undefined;
  /** Where files go when nobody says where. */
  readonly downloads: string;
  readonly encryption?: EncryptionPolicy;
  readonly trackers?: readonly string[];
  readonly indexes?: readonly string[];
  readonly dhtBootstrap?: readonly HostPort[];
  /** Default true. */
  readonly lan?: boolean;
}

export interface ShoalNode {
  /** The address of its page. */
  readonly url: string;
  readonly port: number;
  /** Where it accepts peers. */
  readonly peerPort: number;
  readonly id: string;
  /** What changes something takes it. */
  readonly token: string;
  /** Saves everything, closes every socket and gives the data folder free. */
  stop(): Promise<void>;
}

/** The usual port of BitTorrent. */
const usualPeerPort = 6881;

export async function startNode(options: NodeOptions): Promise<ShoalNode> {
  const { world, config, version, log, pid } = options;
  const { clock } = world;
  const startedMs = clock.nowMs();
  const closing: (() => Promise<void> | void)[] = [];
  /** Everything is tried, whatever fails; the last opened first. */
  async function stop(): Promise<void> {
    let failure: unknown;
    for (const close of closing.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
  }

  try {
    const folder = await openDataFolder(config.data, world);
    closing.push(() => folder.close());
    if (folder.warning !== undefined) log.warn(folder.warning);
    const { network } = config;
    const engine = await openEngine({
      world,
      version,
      data: config.data,
      port: options.peerPort ?? usualPeerPort,
      mayMovePort: options.peerPort === undefined,
      encryption: options.encryption ?? 'prefer-plain',
      exchangesPeers: network !== 'centralized',
      limits: limitSettings(config),
    });
    closing.push(() => engine.close());
    const finding = openFinding(engine, {
      world,
      version,
      mode: network,
      trackers: options.trackers ?? [],
      indexes: options.indexes ?? [],
      dhtBootstrap: options.dhtBootstrap ?? [],
      lan: options.lan ?? true,
      broken: (error) => log.warn({ err: error }, 'nobody can be asked for peers'),
    });
    closing.push(() => finding.close());
    const { downloads } = options;
    const transfers = await Transfers.open({
      world,
      engine,
      finding,
      version,
      log,
      downloads: () => downloads,
    });
    closing.push(() => transfers.close());

    const instance = randomWord(world);
    const { id } = folder.identity;
    const { session } = engine;
    let freeBytes: number | undefined;
    const lookAtDisk = (): void => {
      void world.disk.freeBytes(downloads).then(
        (bytes) => {
          freeBytes = bytes;
        },
        () => {
          freeBytes = undefined;
        },
      );
    };
    const statistics = (): NodeStatistics => {
      const { downloadBytesPerSecond, uploadBytesPerSecond, down, up, connections, transfers } =
        session.statistics;
      return {
        downRate: Math.round(downloadBytesPerSecond),
        upRate: Math.round(uploadBytesPerSecond),
        downloaded: down.payloadBytes,
        uploaded: up.payloadBytes,
        connections,
        transfers: { ...transfers },
        ...(freeBytes !== undefined && { freeBytes }),
      };
    };
    const facts = (mayChange: boolean): NodeFacts => ({
      id,
      version,
      network,
      uptimeSeconds: Math.floor((clock.nowMs() - startedMs) / 1000),
      instance,
      data: config.data,
      downloads,
      port: engine.port,
      addresses: world.interfaces
        .list()
        .filter(({ isLoopback }) => !isLoopback)
        .map(({ address, zone }) => (zone === undefined ? address : `${address}%${zone}`)),
      finders: [],
      mayChange,
    });
    const feed = new Feed({ transfers, instance, clock, statistics });
    closing.push(() => feed.close());
    const gate = new Gate({ token: folder.token, isLoopback: true });
    const handlers = createHandlers({ world, transfers, feed, gate, facts, statistics });
    const app = createServer({ log, api: { gate, handlers, version }, facts: () => facts(false) });
    closing.push(() => app.close());

    lookAtDisk();
    const everySo = (ms: number, action: () => void): void => {
      let timer = clock.setTimer(ms, again);
      function again(): void {
        action();
        timer = clock.setTimer(ms, again);
      }
      closing.push(() => timer.cancel());
    };
    everySo(freeBytesMs, lookAtDisk);
    everySo(dhtSaveIntervalMs, () => void finding.saveNodes().catch(() => {}));

    const port = await listen(app, { api: config.api, mayMove: options.mayMovePort });
    const url = urlOf(config.api, port);
    await folder.announce({ pid, url, instance, version });
    log.info({ data: config.data, network, peers: engine.port }, 'started');
    void finding.joinDht().catch((error: unknown) => log.warn({ err: error }, 'the DHT cannot be joined'));
    return { url, port, peerPort: engine.port, id, token: folder.token, stop };
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
}

function randomWord({ random }: Pick<World, 'random'>): string {
  const bytes = new Uint8Array(16);
  random.fill(bytes);
  return Buffer.from(bytes).toString('hex');
}
