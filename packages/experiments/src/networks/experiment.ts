// The same file to many receivers, in each kind of network: how long it takes, what the source has to give, and what
// becomes of it when the source or the index dies half-way.

import { createDht } from '@shoal/dht';
import type { HostPort, NetworkMode } from '@shoal/discovery';
import { createIndex } from '@shoal/index';
import { createSimulation, type SimHost, type Simulation, serveHttp } from '@shoal/sim';
import { createSessionBuffers } from '@shoal/swarm';
import { mostContentBytes, mostReceivers } from '../bounds.ts';
import { ExperimentError } from '../errors.ts';
import { Internet } from '../internet.ts';
import { spreadOf } from '../statistics.ts';
import { type Content, makeContent } from './content.ts';
import { fillDisk, type NetworkPeer, startPeer } from './peer.ts';

/** `client-server` is no network of peers: everybody fetches from the one server. */
export type NetworkKind = 'client-server' | NetworkMode;
/**
 * What dies when half of the receivers have all of the file; `source-early`: the source, when the receiver in the middle
 * has half of it.
 */
export type NetworkFault = 'none' | 'source' | 'source-early' | 'index';

export const networkKinds: readonly NetworkKind[] = ['client-server', 'centralized', 'distributed', 'hybrid'];

export interface NetworkExperimentOptions {
  readonly kind: NetworkKind;
  readonly receivers: number;
  readonly fault: NetworkFault;
  readonly seed: number | string;
  readonly contentBytes?: number;
  readonly onProgress?: (what: string) => void;
}

export interface NetworkRow {
  readonly kind: NetworkKind;
  readonly receivers: number;
  readonly fault: NetworkFault;
  readonly seed: string;
  readonly contentBytes: number;
  /** Of those who came before anything died. */
  readonly completeShare: number;
  /** From a receiver's own start to its end, of those who got all of it. */
  readonly medianMs: number;
  readonly lastMs: number;
  /** Content that the source sent. */
  readonly sourceBytes: number;
  /** A tenth more come after the fault: the share of them who got all of it. Undefined without a fault. */
  readonly lateShare: number | undefined;
  readonly digest: string;
}

/**
 * A home with 100 Mbit/s down and 20 up, the source like the others. No packet is lost: a single stream over a long way
 * would be slower for it than its line, which many streams are not, and that is another question.
 */
const line = { upBytesPerSecond: 2.5e6, downBytesPerSecond: 12.5e6, loss: 0 } as const;
const defaultContentBytes = 8 * 1024 * 1024;
/** All receivers come within this time. */
const arrivalMs = 10_000;
const lateShareOfAll = 0.1;
/** How often it is looked at. */
const lookMs = 1_000;
/** Nobody got a byte for so long: it will not end. */
const stuckMs = 300_000;
const publicDhtNodes = 30;
const indexPort = 6969;

/** One receiver, however it fetches. */
interface Receiver {
  readonly startedMs: number;
  readonly receivedBytes: () => number;
  endedMs: number | undefined;
}

/** What a kind of network brings: a source, and a way to add receivers. */
interface Network {
  readonly source: SimHost;
  readonly index: SimHost | undefined;
  sourceBytes(): number;
  receive(): Promise<Receiver>;
}

export async function measureNetwork(options: NetworkExperimentOptions): Promise<NetworkRow> {
  const { kind, receivers: count, fault, seed, contentBytes = defaultContentBytes } = options;
  check(count, contentBytes, options);
  const simulation = createSimulation({ seed: `${seed}/networks` });
  const internet = new Internet(simulation);
  const random = simulation.randomFor('arrivals');
  const network =
    kind === 'client-server'
      ? await startServer(simulation, internet, contentBytes)
      : await startSwarm(simulation, internet, kind, contentBytes);
  const lateCount = Math.max(1, Math.round(count * lateShareOfAll));
  const receivers: Receiver[] = [];
  const late: Receiver[] = [];
  const arrive = (group: Receiver[], howMany: number): void => {
    for (let i = 0; i < howMany; i++)
      simulation.after(random.fraction() * arrivalMs, () => {
        void network.receive().then((receiver) => group.push(receiver));
      });
  };
  arrive(receivers, count);
  let hasDied = fault === 'none';
  let bytesBefore = 0;
  let changedMs = simulation.nowMs;
  for (;;) {
    await simulation.advance(lookMs);
    const all = [...receivers, ...late];
    if (!hasDied && isHalfWay(receivers, count, contentBytes, fault)) {
      hasDied = true;
      (fault === 'index' ? network.index : network.source)?.crash();
      arrive(late, lateCount);
    }
    const bytes = all.reduce((sum, { receivedBytes }) => sum + receivedBytes(), 0);
    if (bytes > bytesBefore) changedMs = simulation.nowMs;
    bytesBefore = bytes;
    const left = all.filter(({ endedMs }) => endedMs === undefined).length;
    const done = all.length - left;
    options.onProgress?.(
      `${kind}, ${count} receivers: ${done} done, ${Math.round(simulation.nowMs / 1000)} s`,
    );
    const expected = count + (fault === 'none' ? 0 : lateCount);
    if (done === expected || simulation.nowMs - changedMs > stuckMs) break;
  }
  const durations = receivers.flatMap(({ startedMs, endedMs }) =>
    endedMs === undefined ? [] : [endedMs - startedMs],
  );
  const { median, most } = spreadOf(durations);
  return {
    kind,
    receivers: count,
    fault,
    seed: String(seed),
    contentBytes,
    completeShare: durations.length / count,
    medianMs: median,
    lastMs: most,
    sourceBytes: network.sourceBytes(),
    lateShare: fault === 'none' ? undefined : completed(late) / lateCount,
    digest: simulation.trace.digest(),
  };
}

function isHalfWay(
  receivers: readonly Receiver[],
  count: number,
  contentBytes: number,
  fault: NetworkFault,
): boolean {
  // All have met somebody: those who come later are counted apart.
  if (receivers.filter(({ receivedBytes }) => receivedBytes() > 0).length < count) return false;
  if (fault !== 'source-early') return completed(receivers) >= count / 2;
  const hasHalf = receivers.filter(({ receivedBytes }) => receivedBytes() >= contentBytes / 2);
  return hasHalf.length >= count / 2;
}

function completed(receivers: readonly Receiver[]): number {
  return receivers.filter(({ endedMs }) => endedMs !== undefined).length;
}

function check(receivers: number, contentBytes: number, { kind, fault }: NetworkExperimentOptions): void {
  if (!Number.isInteger(receivers) || receivers < 1 || receivers > mostReceivers)
    throw new ExperimentError('invalid', `From 1 to ${mostReceivers} can receive, not ${receivers}.`);
  if (!Number.isInteger(contentBytes) || contentBytes < 1 || contentBytes > mostContentBytes)
    throw new ExperimentError('invalid', `A file has from 1 to ${mostContentBytes} bytes here.`);
  if (fault === 'index' && (kind === 'client-server' || kind === 'distributed'))
    throw new ExperimentError('invalid', `There is no index in a ${kind} network that could die.`);
}

/** A web server, and receivers that ask it for the file as browsers do. */
async function startServer(
  simulation: Simulation,
  internet: Internet,
  contentBytes: number,
): Promise<Network> {
  const source = internet.addHost(line);
  const { bytes } = makeContent(contentBytes, simulation.randomFor('content'), source.world.hashing.digest);
  await simulation.settle(serveHttp(source.world, { port: 80 }, () => ({ body: bytes })));
  const received: { bytes: number }[] = [];
  return {
    source,
    index: undefined,
    sourceBytes: () => received.reduce((sum, one) => sum + one.bytes, 0),
    async receive() {
      const { world } = internet.addHost(line);
      const count = { bytes: 0 };
      received.push(count);
      const receiver: Receiver = {
        startedMs: simulation.nowMs,
        receivedBytes: () => count.bytes,
        endedMs: undefined,
      };
      const url = `http://${source.address}/file`;
      world.http.request({ url, keepAlive: false }).then(
        (response) =>
          response.read({
            data(part) {
              count.bytes += part.length;
            },
            close(error) {
              if (error === undefined && count.bytes === contentBytes) receiver.endedMs = simulation.nowMs;
            },
          }),
        () => {},
      );
      return receiver;
    },
  };
}

/** Peers that all run the same program; an index and a DHT as the mode has them. */
async function startSwarm(
  simulation: Simulation,
  internet: Internet,
  mode: NetworkMode,
  contentBytes: number,
): Promise<Network> {
  const source = internet.addHost(line);
  const others = new Internet(simulation, 'index and DHT');
  const index = mode === 'distributed' ? undefined : await startIndex(simulation, others);
  const bootstrap = mode === 'centralized' ? [] : await startDht(simulation, others);
  const content: Content = makeContent(
    contentBytes,
    simulation.randomFor('content'),
    source.world.hashing.digest,
  );
  fillDisk(source, content);
  const tracker = `udp://${index?.address ?? '0.0.0.0'}:${indexPort}/announce`;
  const setup = { mode, content, buffers: createSessionBuffers(), bootstrap, tracker };
  const seed: NetworkPeer = await simulation.settle(startPeer(source, setup));
  // Known to the index and the DHT before anybody looks for it.
  await simulation.advance(10_000);
  return {
    source,
    index,
    sourceBytes: () => seed.transfer.progress.uploadedBytes,
    async receive() {
      const startedMs = simulation.nowMs;
      const { transfer } = await startPeer(internet.addHost(line), setup);
      const receiver: Receiver = {
        startedMs,
        receivedBytes: () => transfer.progress.bytes,
        endedMs: undefined,
      };
      const note = (): void => {
        if (transfer.isComplete) receiver.endedMs ??= simulation.nowMs;
      };
      transfer.subscribe(note);
      note();
      return receiver;
    },
  };
}

async function startIndex(simulation: Simulation, internet: Internet): Promise<SimHost> {
  const host = internet.addHost({ loss: 0 });
  await simulation.settle(createIndex({ ...host.world, addresses: [host.address], port: indexPort }));
  return host;
}

/** The DHT that was there before: a few nodes that have nothing to do with the file. */
async function startDht(simulation: Simulation, internet: Internet): Promise<HostPort[]> {
  const port = 6881;
  const nodes: HostPort[] = [];
  for (let i = 0; i < publicDhtNodes; i++) {
    const host = internet.addHost();
    const bootstrap = nodes.map(({ host: address, port: at }) => ({ address, port: at }));
    const dht = await simulation.settle(
      createDht({ ...host.world, bind: [{ address: host.address, port }], bootstrap: bootstrap.slice(-3) }),
    );
    await simulation.settle(dht.ready);
    nodes.push({ host: host.address, port });
  }
  return nodes.slice(0, 5);
}
