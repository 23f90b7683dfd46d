// One computer that runs Shoal, put together as the command does it: a session that fetches and shares, and discovery
// in one of the three modes that finds others for it.

import { createDiscovery, type HostPort, type NetworkMode } from '@shoal/discovery';
import type { SimHost } from '@shoal/sim';
import { OpenFiles } from '@shoal/storage';
import { createSession, type SessionBuffers, type Transfer } from '@shoal/swarm';
import { createTcpTransport } from '@shoal/transport';
import type { Content } from './content.ts';

export interface PeerSetup {
  readonly mode: NetworkMode;
  readonly content: Content;
  /** Of all peers. */
  readonly buffers: SessionBuffers;
  /** Ways into the DHT. */
  readonly bootstrap: readonly HostPort[];
  /** The index, where the mode has one. */
  readonly tracker: string;
}

export interface NetworkPeer {
  readonly host: SimHost;
  readonly transfer: Transfer;
}

const port = 6881;
/** What many homes' routers bear, and what thousands of peers in one process do. */
const connectionsPerTransfer = 30;
const folder = '/content';

/** Puts the whole content on a disk before anybody looks. */
export function fillDisk(host: SimHost, { bytes }: Content): void {
  host.disk.write(`${folder}/file`, bytes);
}

export async function startPeer(host: SimHost, setup: PeerSetup): Promise<NetworkPeer> {
  const { world } = host;
  const { mode, content, buffers, bootstrap, tracker } = setup;
  const session = createSession({
    ...world,
    openFiles: new OpenFiles(world.disk),
    transport: createTcpTransport(world),
    buffers,
    exchangesPeers: mode !== 'centralized',
    client: 'Shoal',
    peerIdPrefix: '-SL0000-',
    limits: { connectionsPerTransfer },
  });
  await session.listen({ port, addresses: [host.address] });
  const transfer = session.add(
    { kind: 'torrent', torrent: content.torrent },
    { folder, journal: '/state/journal' },
  );
  const discovery = createDiscovery(world, {
    mode,
    peerId: session.peerId,
    dht: { port, bootstrap },
    lan: false,
  });
  await checked(transfer);
  const { v1 } = content.torrent.infoHashes;
  const quest = discovery.seek(
    {
      infoHashes: v1 === undefined ? [] : [v1],
      isPrivate: false,
      trackers: [[tracker]],
      port,
      amounts() {
        const { bytes, total, uploadedBytes, downloadedBytes } = transfer.progress;
        return { uploaded: uploadedBytes, downloaded: downloadedBytes, left: total - bytes };
      },
    },
    (address, { kind }) => transfer.addPeer(address, kind),
  );
  transfer.subscribe((event) => {
    if (event.kind === 'complete') quest.completed();
    if (event.kind === 'peer-joined') quest.worked(event.address);
  });
  return { host, transfer };
}

/** Trackers are told what is left, which is not known before the disk was looked at. */
function checked(transfer: Transfer): Promise<void> {
  return new Promise((resolve) => {
    const unsubscribe = transfer.subscribe(() => {
      if (transfer.state === 'checking') return;
      unsubscribe();
      resolve();
    });
  });
}
