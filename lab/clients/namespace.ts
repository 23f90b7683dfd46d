// A network of our own for a test: a namespace with loopback and private addresses, for programs that refuse
// 127.0.0.0/8, and so that nothing can reach any other network. Give each program an address of its own:
// Transmission takes all peers of one address for the same one.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

const addresses = 9;

/** The address of the program with this number, 1 to 9. A connection to it also comes from it, unless bound. */
export function labAddress(number: number, family: 4 | 6 = 4): string {
  return family === 4 ? `10.77.0.${number}` : `fd77::${number}`;
}

export interface Namespace {
  /** Words to put before a command that shall run inside. */
  readonly prefix: readonly string[];
  close(): Promise<void>;
}

const asRoot = process.getuid?.() === 0;

export function missingNamespaces(): string | undefined {
  const words = asRoot ? ['-n'] : ['-rn'];
  const isAllowed = spawnSync('unshare', [...words, 'ip', 'link', 'set', 'lo', 'up']).status === 0;
  return isAllowed ? undefined : 'network namespaces are not allowed here';
}

export async function createNamespace(): Promise<Namespace> {
  const setUp = [
    'ip link set lo up',
    `for n in $(seq ${addresses}); do ip addr add 10.77.0.$n/24 dev lo; ip addr add fd77::$n/64 dev lo nodad; done`,
    'echo ready',
    'exec sleep infinity',
  ].join(' && ');
  const holder = spawn('unshare', [asRoot ? '-n' : '-rn', 'sh', '-c', setUp], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  const enter = asRoot ? ['-n'] : ['-n', '-U', '--preserve-credentials'];
  return {
    prefix: ['nsenter', '-t', String(holder.pid), ...enter],
    async close() {
      const gone = once(holder, 'close');
      holder.kill('SIGKILL');
      await gone;
    },
  };
}
