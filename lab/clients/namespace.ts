// A network of our own for a test: a namespace with loopback and private addresses, for programs that refuse
// 127.0.0.0/8, and so that nothing can reach any other network. Give each program an address of its own:
// Transmission takes all peers of one address for the same one.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { run } from './process.ts';

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
  const holder = await hold(['unshare', asRoot ? '-n' : '-rn', 'sh', '-c', setUp]);
  return { prefix: enter(holder.pid), close: () => holder.close() };
}

function enter(pid: number): string[] {
  return ['nsenter', '-t', String(pid), ...(asRoot ? ['-n'] : ['-n', '-U', '--preserve-credentials'])];
}

/** Runs what says a line when it is ready, and then keeps its namespace until it is closed. */
async function hold([command = '', ...words]: readonly string[]): Promise<{
  readonly pid: number;
  close(): Promise<void>;
}> {
  const holder = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  return {
    pid: holder.pid ?? 0,
    async close() {
      const gone = once(holder, 'close');
      holder.kill('SIGKILL');
      await gone;
    },
  };
}

/** Two machines on one cable, with nothing else: an Ethernet interface each, an address, and no route elsewhere. */
export async function createCable(): Promise<{
  readonly ends: readonly [CableEnd, CableEnd];
  close(): Promise<void>;
}> {
  const unshare = (words: readonly string[], ...more: string[]) =>
    hold([
      ...words,
      'unshare',
      ...more,
      'sh',
      '-c',
      'ip link set lo up && echo ready && exec sleep infinity',
    ]);
  const first = await unshare([], asRoot ? '-n' : '-rn');
  const second = await unshare(enter(first.pid), '-n');
  const ends = [first, second].map(({ pid }, i) => ({
    prefix: enter(pid),
    address: `10.78.0.${i + 1}`,
    linkLocal: `fe80::${i + 1}`,
  }));
  const [a, b] = ends;
  if (a === undefined || b === undefined) throw new Error('A cable has two ends');
  const ip = (end: CableEnd, ...words: string[]) => run('ip', words, end.prefix);
  await ip(a, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(second.pid));
  for (const end of [a, b]) {
    await ip(end, 'addr', 'add', `${end.address}/24`, 'dev', 'eth0');
    await ip(end, 'link', 'set', 'eth0', 'addrgenmode', 'none');
    await ip(end, 'addr', 'add', `${end.linkLocal}/64`, 'dev', 'eth0', 'nodad');
    await ip(end, 'link', 'set', 'eth0', 'up');
  }
  // The kernel may take a second to say that both ends are plugged in, and until then nobody lists the interface.
  const isUp =
    'until ip link show dev eth0 | grep -q LOWER_UP && ip link show dev eth0 | grep -q "state UP"; do sleep 0.02; done';
  for (const end of [a, b]) await run('sh', ['-c', isUp], end.prefix);
  return {
    ends: [a, b],
    async close() {
      await second.close();
      await first.close();
    },
  };
}

/**
 * A machine between two networks: eth0 leads home, where the default route goes, and tun0 elsewhere. 10.99.0.1 is at
 * the end of both. What leaves from tun0's address is not routed in any way of its own.
 */
export async function createCrossroads(): Promise<{
  readonly machine: { readonly prefix: readonly string[]; readonly address: string; readonly tunnel: string };
  readonly home: { readonly prefix: readonly string[]; readonly address: string };
  readonly elsewhere: { readonly prefix: readonly string[]; readonly address: string };
  close(): Promise<void>;
}> {
  const script = 'ip link set lo up && echo ready && exec sleep infinity';
  const machine = await hold(['unshare', asRoot ? '-n' : '-rn', 'sh', '-c', script]);
  const other = () => hold([...enter(machine.pid), 'unshare', '-n', 'sh', '-c', script]);
  const [home, elsewhere] = [await other(), await other()];
  const ways = [
    { name: 'eth0', end: home, net: '10.80.0' },
    { name: 'tun0', end: elsewhere, net: '10.8.0' },
  ];
  const ip = (pid: number, ...words: string[]) => run('ip', words, enter(pid));
  for (const { name, end, net } of ways) {
    await ip(machine.pid, 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', `${end.pid}`);
    await ip(machine.pid, 'addr', 'add', `${net}.2/24`, 'dev', name);
    await ip(machine.pid, 'link', 'set', name, 'up');
    await ip(end.pid, 'addr', 'add', `${net}.1/24`, 'dev', 'eth0');
    await ip(end.pid, 'addr', 'add', '10.99.0.1/32', 'dev', 'lo');
    await ip(end.pid, 'link', 'set', 'eth0', 'up');
    await ip(end.pid, 'route', 'add', 'default', 'via', `${net}.2`);
  }
  await ip(machine.pid, 'route', 'add', 'default', 'via', '10.80.0.1');
  return {
    machine: { prefix: enter(machine.pid), address: '10.80.0.2', tunnel: '10.8.0.2' },
    home: { prefix: enter(home.pid), address: '10.80.0.1' },
    elsewhere: { prefix: enter(elsewhere.pid), address: '10.8.0.1' },
    async close() {
      for (const space of [elsewhere, home, machine]) await space.close();
    },
  };
}

/**
 * A home behind a router: a machine at 192.168.77.2, a router at 192.168.77.1 and 5.5.5.1 that translates addresses,
 * and somebody outside at 5.5.5.2.
 */
export async function createHome(): Promise<{
  readonly machine: { readonly prefix: readonly string[] };
  readonly router: { readonly prefix: readonly string[] };
  readonly outside: { readonly prefix: readonly string[] };
  close(): Promise<void>;
}> {
  const script = 'ip link set lo up && echo ready && exec sleep infinity';
  const router = await hold(['unshare', asRoot ? '-n' : '-rn', 'sh', '-c', script]);
  const other = () => hold([...enter(router.pid), 'unshare', '-n', 'sh', '-c', script]);
  const [machine, outside] = [await other(), await other()];
  const ip = (pid: number, ...words: string[]) => run('ip', words, enter(pid));
  for (const { name, end, net, host } of [
    { name: 'lan0', end: machine, net: '192.168.77', host: 2 },
    { name: 'wan0', end: outside, net: '5.5.5', host: 2 },
  ]) {
    await ip(router.pid, 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', `${end.pid}`);
    await ip(router.pid, 'addr', 'add', `${net}.1/24`, 'dev', name);
    await ip(router.pid, 'link', 'set', name, 'up');
    await ip(end.pid, 'addr', 'add', `${net}.${host}/24`, 'dev', 'eth0');
    await ip(end.pid, 'link', 'set', 'eth0', 'up');
  }
  await ip(machine.pid, 'route', 'add', 'default', 'via', '192.168.77.1');
  await run('sh', ['-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward'], enter(router.pid));
  // The kernel tells a little later that a cable is plugged in.
  const isPlugged =
    'for n in $(seq 200); do ip link show eth0 | grep -q LOWER_UP && exit; sleep 0.05; done; exit 1';
  await run('sh', ['-c', isPlugged], enter(machine.pid));
  return {
    machine: { prefix: enter(machine.pid) },
    router: { prefix: enter(router.pid) },
    outside: { prefix: enter(outside.pid) },
    async close() {
      for (const space of [outside, machine, router]) await space.close();
    },
  };
}

export interface CableEnd {
  readonly prefix: readonly string[];
  readonly address: string;
  /** In zone eth0. */
  readonly linkLocal: string;
}
