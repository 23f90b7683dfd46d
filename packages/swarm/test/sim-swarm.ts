// Swarms in the simulated world: peers with a disk and a session each, and their invariants checked along the way.

import assert from 'node:assert/strict';
import type { PeerAddress } from '@shoal/base';
import type { Magnet } from '@shoal/metainfo';
import type { HostOptions, SimHost, Simulation } from '@shoal/sim';
import { OpenFiles } from '@shoal/storage';
import {
  createSession,
  type LimitSettings,
  type Session,
  type Transfer,
  type TransferOptions,
} from '@shoal/swarm';
import { createTcpTransport } from '@shoal/transport';
import { type Meter, meterOf } from './meter.ts';
import type { Sample } from './sample.ts';

export interface SimPeer {
  readonly host: SimHost;
  readonly address: PeerAddress;
  session: Session;
  transfer: Transfer;
  /** What went through its sockets. */
  readonly meter: Meter;
}

export interface PeerSetup {
  readonly sample: Sample;
  /** Has all of it from the beginning. */
  readonly isSeed?: boolean;
  /** What a liar has in place of it, and believes to be right. */
  readonly wrong?: ReadonlyMap<string, Uint8Array>;
  readonly magnet?: Magnet;
  readonly knows?: readonly SimPeer[];
  readonly host?: HostOptions;
  readonly options?: Partial<TransferOptions>;
  readonly bootId?: string;
  readonly limits?: LimitSettings;
  readonly isBlocked?: (address: string) => boolean;
}

const port = 6881;

export async function addPeer(simulation: Simulation, setup: PeerSetup): Promise<SimPeer> {
  const host = simulation.addHost(setup.host);
  const { sample, wrong } = setup;
  if (setup.isSeed === true || wrong !== undefined)
    for (const [path, bytes] of wrong ?? sample.files) host.disk.write(placeOf(sample, path), bytes);
  return begin(simulation, host, setup);
}

/** A session on a host, new or restarted. */
export async function begin(simulation: Simulation, host: SimHost, setup: PeerSetup): Promise<SimPeer> {
  const { world } = host;
  const { sample, magnet, knows = [], wrong } = setup;
  const meter = meterOf(world.streams);
  const session = createSession({
    ...world,
    openFiles: new OpenFiles(world.disk),
    transport: createTcpTransport({ ...world, streams: meter.streams }),
    client: 'sim',
    peerIdPrefix: '-SL0000-',
    ...(setup.bootId === undefined ? {} : { bootId: setup.bootId }),
    ...(setup.limits === undefined ? {} : { limits: setup.limits }),
    ...(setup.isBlocked === undefined ? {} : { isBlocked: setup.isBlocked }),
  });
  await simulation.settle(session.listen({ port, addresses: [host.address] }));
  const transfer = session.add(
    magnet === undefined ? { kind: 'torrent', torrent: sample.torrent } : { kind: 'magnet', magnet },
    {
      folder: '/content',
      journal: '/state/journal',
      peers: knows.map((peer) => peer.address),
      ...(wrong === undefined ? {} : { hashed: stamps(host, sample) }),
      ...setup.options,
    },
  );
  return { host, address: { kind: 'ip', address: host.address, port }, session, transfer, meter };
}

function stamps(host: SimHost, sample: Sample) {
  return sample.torrent.layout.files.flatMap((file, index) => {
    const stat = host.disk.stat(placeOf(sample, file.path.join('/')));
    return stat === undefined
      ? []
      : [{ file: index, id: stat.id, length: stat.length, modifiedMs: stat.modifiedMs }];
  });
}

export function placeOf({ torrent }: Sample, path: string): string {
  return `/content/${torrent.folder === undefined ? '' : `${torrent.folder}/`}${path}`;
}

export function hasAll(peer: SimPeer, sample: Sample): boolean {
  return [...sample.files].every(([path, bytes]) => {
    const found = peer.host.disk.read(placeOf(sample, path));
    return found !== undefined && Buffer.compare(found, bytes) === 0;
  });
}

/** Runs until the condition holds; every few events every session's invariants must hold. */
export async function runUntil(
  simulation: Simulation,
  peers: readonly SimPeer[],
  condition: () => boolean,
  limitMs = 600_000,
): Promise<void> {
  let steps = 0;
  try {
    await simulation.run(
      () => {
        if (++steps % 50 === 0) check(peers);
        return condition();
      },
      { limitMs },
    );
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${peers.map(describe).join('\n')}`, {
      cause: error,
    });
  }
  check(peers);
}

function describe({ host, transfer }: SimPeer): string {
  const { bytes, total } = transfer.progress;
  const peers = transfer.peers.map(
    (peer) =>
      `${peer.address.address} has ${peer.has.toFixed(2)}, ${peer.requestsInFlight} asked${peer.isChokingUs ? ', chokes' : ''}${peer.isInteresting ? ', interesting' : ''}${peer.isSnubbing ? ', snubs' : ''}`,
  );
  const bans = transfer.bans.map(({ address, reason }) => `${address.address} banned: ${reason.message}`);
  return `${host.address}: ${transfer.state} ${transfer.error?.message ?? ''} ${bytes} of ${total}; ${[...peers, ...bans].join('; ')}`;
}

function check(peers: readonly SimPeer[]): void {
  for (const peer of peers) assert.deepEqual(peer.session.checkInvariants(), []);
}

export async function closeAll(simulation: Simulation, peers: readonly SimPeer[]): Promise<void> {
  await simulation.settle(Promise.all(peers.map((peer) => peer.session.close())));
}
