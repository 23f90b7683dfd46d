// A running node: its data folder, the engine with its transfers, its server, and a clean end. Invariant: what `startNode`
// opened is closed again when it fails half-way, and by `stop`.

import { dirname } from 'node:path';
import type { NodeFacts, NodeStatistics } from '@shoal/api';
import type { Clock, Disk, World } from '@shoal/base';
import { blocklistLookMs, dhtSaveIntervalMs, farewellMs, freeBytesMs } from './bounds.ts';
import type { Catalogues } from './catalogue/catalogues.ts';
import {
  bootstrapOf,
  engineLimits,
  peerPort as peerPortOf,
  queueSettings,
  scanSettings,
} from './config/engine.ts';
import { listOf } from './config/list.ts';
import { LiveConfig } from './config/live.ts';
import type { LoadedConfig } from './config/load.ts';
import type { Places } from './config/places.ts';
import type { Config } from './config/schema.ts';
import { dhtNodesOf } from './engine/dht-table.ts';
import { openEngine } from './engine/engine.ts';
import { type Finding, openFinding } from './engine/finding.ts';
import { Feeds } from './feeds/feeds.ts';
import { openDataFolder } from './folder/folder.ts';
import { Labels } from './labels/labels.ts';
import type { Log } from './log.ts';
import { registerWebApi } from './qbittorrent/web-api.ts';
import { openReach, type Reach } from './reach/reach.ts';
import { ReleaseGate } from './release/gate.ts';
import { createHook } from './release/on-complete.ts';
import { Publishers } from './release/publishers.ts';
import { registerTransmission } from './rpc/transmission.ts';
import { Gate } from './server/access.ts';
import { Feed } from './server/feed.ts';
import { createHandlers } from './server/handlers.ts';
import { isLoopback, listen, urlOf } from './server/listen.ts';
import { tlsOf } from './server/remote.ts';
import { createServer } from './server/server.ts';
import { Transfers } from './transfers/transfers.ts';
import { watchSettings } from './watch/settings.ts';
import { Watch } from './watch/watch.ts';

export interface NodeOptions {
  /** Bound already, where the config says so. */
  readonly world: World;
  readonly loaded: LoadedConfig;
  readonly places: Places;
  readonly version: string;
  readonly log: Log;
  readonly pid: number;
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
  /** Reads the config file again, and takes over what can be. */
  reload(): Promise<void>;
  /** Saves everything, closes every socket and gives the data folder free. */
  stop(): Promise<void>;
}

/** The usual port of BitTorrent. */
const usualPeerPort = 6881;

export async function startNode(options: NodeOptions): Promise<ShoalNode> {
  const { world, loaded, places, version, log, pid } = options;
  const { config } = loaded;
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
    const tls = await tlsOf(config);
    const isRemote = !isLoopback(config.api);
    const folder = await openDataFolder(config.data, world);
    closing.push(() => folder.close());
    if (folder.warning !== undefined) log.warn(folder.warning);
    const peerPort = peerPortOf(config);
    const reach = await openReach(world, config, log);
    closing.push(() => reach.close());
    const engine = await openEngine({
      world: { ...world, ...reach.network },
      version,
      data: config.data,
      port: peerPort ?? usualPeerPort,
      mayMovePort: peerPort === undefined,
      encryption: config.encryption,
      exchangesPeers: config.network !== 'centralized',
      limits: engineLimits(config),
      queue: queueSettings(config),
      isBlocked: (address) => reach.isBlocked(address),
    });
    closing.push(() => engine.close());
    if (config.lan === 'on') reach.mapPort(engine.port);
    const finding = openFinding(engine, {
      world: { ...world, ...reach.network },
      version,
      mode: config.network,
      trackers: listOf(config.trackers),
      indexes: listOf(config.indexes),
      dhtBootstrap: bootstrapOf(config),
      lan: config.lan === 'on',
      broken: (error) => log.warn({ err: error }, 'nobody can be asked for peers'),
    });
    // The journals are closed after it: trackers that do not answer must not take that time.
    closing.push(() => within(farewellMs, finding.close(), clock));
    /** What cannot be read leaves the lists that are in force. */
    const blockAnew = async (read: () => Promise<unknown>): Promise<void> => {
      try {
        await read();
        engine.session.dropBlocked();
      } catch (error) {
        log.warn({ err: error }, 'the lists of addresses to block were not read again');
      }
    };
    const live = new LiveConfig({
      disk: world.disk,
      places,
      loaded,
      apply(next) {
        engine.session.setLimits(engineLimits(next));
        engine.session.setQueue(queueSettings(next));
        finding.use(next.network);
        void blockAnew(() => reach.blocklists.use(next['filter.lists']));
      },
    });
    const indexes = () => (live.config.network === 'distributed' ? [] : listOf(live.config.indexes));
    const publishers = new Publishers({
      world: { ...world, ...reach.network },
      version,
      trusted: () => listOf(live.config['release.publishers']),
      indexes,
    });
    const hook = createHook({ clock, log, command: () => live.config['on-complete.command'] });
    closing.push(() => hook.close());
    const labels = await Labels.open(world.disk, config.data);
    const transfers = await Transfers.open({
      world: { ...world, ...reach.network },
      engine,
      finding,
      version,
      log,
      downloads: () => live.config.downloads,
      labels,
      movesByLabel: () => live.config['labels.move'] === 'on',
      gate: new ReleaseGate({
        disk: world.disk,
        clock,
        settings: () => scanSettings(live.config),
        published: (hashes) => publishers.ask(hashes),
      }),
      fetched: (item) => hook.run(item),
    });
    closing.push(() => transfers.close());

    const feeds = await Feeds.open({
      world: { ...world, ...reach.network },
      data: config.data,
      version,
      log,
      transfers,
    });
    closing.push(() => feeds.close());
    watchSettings(config['watch.folders']);
    const watch = new Watch({
      clock,
      disk: world.disk,
      log,
      transfers,
      settings: () => watchSettings(live.config['watch.folders']),
    });
    closing.push(() => watch.close());

    const instance = randomWord(world);
    const { id } = folder.identity;
    const { session } = engine;
    let freeBytes: number | undefined;
    const lookAtDisk = (): void => {
      void freeBytesAt(world.disk, live.config.downloads).then(
        (bytes) => {
          freeBytes = bytes;
        },
        () => {
          freeBytes = undefined;
        },
      );
    };
    const statistics = (): NodeStatistics => {
      const {
        downloadBytesPerSecond,
        uploadBytesPerSecond,
        down,
        up,
        connections,
        transfers: states,
      } = session.statistics;
      const { making } = transfers;
      return {
        downRate: Math.round(downloadBytesPerSecond),
        upRate: Math.round(uploadBytesPerSecond),
        downloaded: down.payloadBytes,
        uploaded: up.payloadBytes,
        connections,
        transfers: { ...states },
        ...(freeBytes !== undefined && { freeBytes }),
        ...(making.length > 0 && { making: [...making] }),
      };
    };
    const facts = (mayChange: boolean): NodeFacts => ({
      id,
      version,
      network: live.config.network,
      uptimeSeconds: Math.floor((clock.nowMs() - startedMs) / 1000),
      instance,
      data: config.data,
      downloads: live.config.downloads,
      port: engine.port,
      addresses: world.interfaces
        .list()
        .filter(({ isLoopback }) => !isLoopback)
        .map(({ address, zone }) => (zone === undefined ? address : `${address}%${zone}`)),
      finders: findersOf(live.config.network, finding, config),
      reach: reachFacts(reach, finding.discovery?.seenAddress),
      mayChange,
    });
    const feed = new Feed({ transfers, instance, clock, statistics });
    closing.push(() => feed.close());
    const gate = new Gate({ token: folder.token, isLoopback: !isRemote });
    let opening: Promise<Catalogues> | undefined;
    const catalogues = (): Promise<Catalogues> => {
      opening ??= import('./catalogue/catalogues.ts').then(
        ({ Catalogues }) =>
          new Catalogues({
            world: { ...world, ...reach.network },
            identity: folder.identity,
            version,
            indexes,
          }),
      );
      return opening;
    };
    const handlers = createHandlers({
      world,
      transfers,
      labels,
      feeds,
      feed,
      gate,
      live,
      catalogues,
      facts,
      statistics,
      dhtNodes: () => dhtNodesOf(finding.discovery?.dhtTable),
    });
    const app = createServer({
      log,
      api: { gate, handlers, version },
      facts: () => facts(false),
      tls,
      isRemote,
    });
    registerTransmission(app, {
      transfers,
      disk: world.disk,
      token: folder.token,
      version,
      sessionId: instance,
      clock,
      live,
      peerPort: engine.port,
      isReachable: () => reach.judge(finding.discovery?.seenAddress).state === 'reachable',
    });
    registerWebApi(app, {
      world,
      transfers,
      labels,
      feed,
      live,
      log,
      token: folder.token,
      facts: () => ({
        ...statistics(),
        version,
        peerPort: engine.port,
        dhtNodes: finding.discovery?.dhtNodes ?? 0,
        freeBytes: freeBytes ?? 0,
        isReachable: reach.judge(finding.discovery?.seenAddress).state === 'reachable',
      }),
    });
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
    everySo(blocklistLookMs, () => void blockAnew(() => reach.blocklists.refresh()));
    everySo(dhtSaveIntervalMs, () => void finding.saveNodes().catch(() => {}));

    const port = await listen(app, { api: config.api, mayMove: !loaded.origins.has('api') });
    const url = urlOf(config.api, port, tls !== undefined);
    await folder.announce({ pid, url, instance, version });
    log.info({ data: config.data, network: config.network, peers: engine.port }, 'started');
    void finding.joinDht().catch((error: unknown) => log.warn({ err: error }, 'the DHT cannot be joined'));
    const reload = async (): Promise<void> => {
      await live.reload();
      await feeds.reload();
    };
    return { url, port, peerPort: engine.port, id, token: folder.token, reload, stop };
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
}

/** Of a folder that may not be there yet: where it would be made. */
async function freeBytesAt(disk: Disk, folder: string): Promise<number> {
  try {
    return await disk.freeBytes(folder);
  } catch (error) {
    const above = dirname(folder);
    if (above === folder) throw error;
    return await freeBytesAt(disk, above);
  }
}

function findersOf(network: Config['network'], finding: Finding, config: Config): NodeFacts['finders'] {
  const { discovery } = finding;
  const nodes = discovery?.dhtNodes;
  const isOwnWay = network !== 'centralized';
  const hasLan = isOwnWay && config.lan === 'on';
  return [
    {
      kind: 'dht',
      state: !isOwnWay ? 'off' : nodes === undefined ? 'waiting' : nodes > 0 ? 'working' : 'waiting',
      ...(isOwnWay && nodes === undefined && { message: 'nobody has led into the DHT yet' }),
      ...(nodes !== undefined && { nodes }),
    },
    { kind: 'lan', state: hasLan ? 'working' : 'off' },
    ...(network === 'distributed' ? [] : listOf(config.indexes)).map((name): NodeFacts['finders'][number] => {
      const known = discovery?.indexes.find(({ url }) => url === name);
      const { state = 'waiting', message } = known ?? {};
      return { kind: 'index', name, state, ...(message !== undefined && { message }) };
    }),
  ];
}

function reachFacts(reach: Reach, seenAddress: string | undefined): NonNullable<NodeFacts['reach']> {
  const { state, message, advice, externalAddress } = reach.judge(seenAddress);
  const { way, router } = reach.mapping ?? {};
  return {
    state,
    message,
    ...(advice !== undefined && { advice }),
    ...(externalAddress !== undefined && { externalAddress }),
    ...(way !== undefined && { mapping: `${way} at ${router}` }),
  };
}

/** Waits no longer; what is not done by then is left to itself. */
function within(ms: number, done: Promise<void>, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(ms, resolve);
    done.finally(() => timer.cancel()).then(resolve, reject);
  });
}

function randomWord({ random }: Pick<World, 'random'>): string {
  const bytes = new Uint8Array(16);
  random.fill(bytes);
  return Buffer.from(bytes).toString('hex');
}
