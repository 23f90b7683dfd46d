// libtorrent through its Python binding, as Debian ships it: v1, v2 and hybrid.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, type Client, isEvent, type PeerTask, type RunningPeer } from './client.ts';
import { start } from './process.ts';

const python = '/usr/bin/python3';
const script = join(import.meta.dirname, 'libtorrent_peer.py');

export const libtorrent: Client = {
  name: 'libtorrent',
  formats: ['v1', 'v2', 'hybrid'],
  encryptions: ['off', 'allowed', 'required'],
  takesPeers: true,
  refusesLoopback: false,
  missing() {
    return spawnSync(python, ['-c', 'import libtorrent']).status === 0
      ? undefined
      : 'python3-libtorrent not installed';
  },
  seed: (task) => peer(task, true),
  fetch: (task) => peer(task, false),
};

function peer(task: PeerTask, seed: boolean): RunningPeer {
  const { torrent, folder, address, port, encryption } = task;
  const peers = task.peers.map((peer) => [peer.address, peer.port]);
  const program = start(
    python,
    [
      script,
      JSON.stringify({
        torrent,
        folder,
        address,
        port,
        encryption,
        peers,
        seed,
        lsd: task.findsLocally ?? false,
        uploadLimit: task.uploadBytesPerSecond ?? 0,
      }),
    ],
    { log: join(task.state, 'libtorrent.log'), prefix: task.prefix ?? [] },
  );
  return {
    program,
    ready: after(program, isEvent(seed ? 'complete' : 'ready')),
    complete: after(program, isEvent('complete')),
    stop: () => program.stop(),
  };
}
