// Our own command as it is shipped, driven from outside like any other program.

import { join } from 'node:path';
import { after, type Client, type Encryption, isEvent, type PeerTask, type RunningPeer } from './client.ts';
import { start } from './process.ts';

export const shoalCommand = join(import.meta.dirname, '../../packages/cli/bin/shoal.js');

const encryptionPolicy: Record<Encryption, string> = {
  off: 'prefer-plain',
  allowed: 'prefer-plain',
  required: 'require',
};

export const shoal: Client = {
  name: 'Shoal',
  formats: ['v1', 'v2', 'hybrid'],
  encryptions: ['off', 'allowed', 'required'],
  takesPeers: true,
  refusesLoopback: false,
  missing: () => undefined,
  ...shoalWith(),
};

/** With more words for `get`. */
export function shoalWith(...more: readonly string[]): Pick<Client, 'seed' | 'fetch'> {
  return {
    seed(task) {
      const peer = get(task, ['--seed', ...more]);
      return { ...peer, ready: peer.complete };
    },
    fetch: (task) => get(task, more),
  };
}

function get(task: PeerTask, more: readonly string[]): RunningPeer {
  const peers = task.peers.flatMap(({ address, port }) => [
    '--peer',
    address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
  ]);
  const program = start(
    process.execPath,
    [
      shoalCommand,
      'get',
      task.torrent,
      '-o',
      task.folder,
      '--data',
      join(task.state, 'shoal'),
      '--port',
      String(task.port),
      '--encryption',
      encryptionPolicy[task.encryption],
      '--json',
      ...(task.findsLocally === true ? [] : ['--no-lan']),
      ...peers,
      ...more,
    ],
    { log: join(task.state, 'shoal.log'), prefix: task.prefix ?? [] },
  );
  return {
    program,
    ready: Promise.resolve(),
    complete: after(program, isEvent('complete')),
    stop: () => program.stop(),
  };
}
