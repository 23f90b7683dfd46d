// WebTorrent in Node, from npm: v1 over TCP.

import { join } from 'node:path';
import { after, type Client, isEvent, type PeerTask, type RunningPeer } from './client.ts';
import { start } from './process.ts';

const script = join(import.meta.dirname, 'webtorrent_peer.js');

export const webtorrent: Client = {
  name: 'WebTorrent',
  formats: ['v1'],
  encryptions: ['off', 'allowed', 'required'],
  takesPeers: true,
  refusesLoopback: false,
  leavesOutEmptyFiles: true,
  missing: () => undefined,
  seed: (task) => peer(task, 'complete'),
  fetch: (task) => peer(task, 'ready'),
};

function peer(task: PeerTask, readyEvent: string): RunningPeer {
  const { torrent, folder, port, encryption } = task;
  const peers = task.peers.map((peer) =>
    peer.address.includes(':') ? `[${peer.address}]:${peer.port}` : `${peer.address}:${peer.port}`,
  );
  const program = start(
    process.execPath,
    [script, JSON.stringify({ torrent, folder, port, encryption, peers })],
    {
      log: join(task.state, 'webtorrent.log'),
      prefix: task.prefix ?? [],
    },
  );
  return {
    program,
    ready: after(program, isEvent(readyEvent)),
    complete: after(program, isEvent('complete')),
    stop: () => program.stop(),
  };
}
