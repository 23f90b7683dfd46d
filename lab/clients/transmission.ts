// Transmission's daemon: v1 over TCP. It cannot be told of a peer, refuses peers on loopback, and stalls
// by itself on large payloads (Debian's 3.00), so give it a namespace, a tracker and some megabytes.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client, PeerTask, RunningPeer } from './client.ts';
import { missingPrograms } from './installed.ts';
import { run, start } from './process.ts';

export const transmission: Client = {
  name: 'Transmission',
  formats: ['v1'],
  encryptions: ['off', 'allowed', 'required'],
  takesPeers: false,
  refusesLoopback: true,
  leavesOutEmptyFiles: true,
  missing: () => missingPrograms('transmission-daemon', 'transmission-remote'),
  seed(task) {
    const running = peer(task);
    return { ...running, ready: running.complete };
  },
  fetch: peer,
};

function peer(task: PeerTask): RunningPeer {
  const config = join(task.state, 'transmission');
  mkdirSync(config, { recursive: true });
  const rpcPort = task.port + 1;
  const settings = {
    'download-dir': task.folder,
    'peer-port': task.port,
    'bind-address-ipv4': task.address.includes(':') ? '0.0.0.0' : task.address,
    'rpc-bind-address': '127.0.0.1',
    'rpc-port': rpcPort,
    'rpc-authentication-required': false,
    'rpc-whitelist-enabled': false,
    'rpc-host-whitelist-enabled': false,
    'dht-enabled': false,
    'lpd-enabled': false,
    'utp-enabled': false,
    'pex-enabled': false,
    'port-forwarding-enabled': false,
    encryption: { off: 0, allowed: 1, required: 2 }[task.encryption],
    'ratio-limit-enabled': false,
    'trash-original-torrent-files': false,
  };
  writeFileSync(join(config, 'settings.json'), JSON.stringify(settings));
  const program = start('transmission-daemon', ['--foreground', '--config-dir', config, '--log-debug'], {
    log: join(task.state, 'transmission.log'),
    prefix: task.prefix ?? [],
  });
  const remote = (...args: string[]) =>
    run('transmission-remote', [`127.0.0.1:${rpcPort}`, ...args], task.prefix ?? []);
  let isStopped = false;

  async function until(test: (info: string) => boolean): Promise<void> {
    while (!isStopped) {
      const info = await remote('-t', '1', '-i');
      if (test(info)) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error('Transmission was stopped before it was done');
  }
  async function add(): Promise<void> {
    for (;;) {
      try {
        await remote('-a', task.torrent, '-w', task.folder);
        return;
      } catch (error) {
        if (isStopped || !String(error).includes('connect')) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }
  const added = add();
  const complete = added.then(() =>
    until((info) => /Percent Done: 100%/.test(info) && !/State: Verify/i.test(info)),
  );
  complete.catch(() => {});
  return {
    program,
    ready: added,
    complete,
    async stop() {
      isStopped = true;
      await program.stop();
    },
  };
}
