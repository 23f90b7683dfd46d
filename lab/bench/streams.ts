// What a GiB costs through the World's Node streams, and through node:net used by hand: CPU seconds of this process
// only, the other end being plain node:net in a process of its own. Medians of interleaved runs.
//
//   node lab/bench/streams.ts [--gib 1] [--runs 7]

import { type ChildProcess, fork } from 'node:child_process';
import { createServer, type Server, Socket } from 'node:net';
import { parseArgs } from 'node:util';
import type { Stream } from '@shoal/base';
import { createNodeWorld } from '@shoal/base/node';

const gibibyte = 1024 ** 3;
const host = '127.0.0.1';

type Work =
  | { readonly kind: 'receive'; readonly bytes: number }
  | { readonly kind: 'send'; readonly bytes: number; readonly chunkLength: number };

/** Sends or receives over a plain socket; resolves when the bytes have passed. */
function workByHand(socket: Socket, work: Work): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    if (work.kind === 'receive') {
      let left = work.bytes;
      socket.on('data', (bytes) => {
        left -= bytes.length;
        if (left === 0) resolve();
      });
      return;
    }
    const chunk = new Uint8Array(work.chunkLength);
    let left = work.bytes;
    const more = (): void => {
      while (left > 0) {
        left -= chunk.length;
        if (!socket.write(chunk)) break;
      }
      if (left <= 0) socket.write(new Uint8Array(0), () => resolve());
      else socket.once('drain', more);
    };
    more();
  });
}

function dialByHand(port: number, work: Work): Promise<Socket> {
  return new Promise((resolve, reject) => {
    let left = work.bytes;
    const onread = {
      buffer: new Uint8Array(1024 * 1024),
      callback(length: number): boolean {
        left -= length;
        if (left === 0) socket.emit('received');
        return true;
      },
    };
    const socket = new Socket(work.kind === 'receive' ? { onread } : {});
    socket.on('error', reject);
    socket.setNoDelay(true);
    socket.connect({ host, port }, () => resolve(socket));
  });
}

function dialledWork(socket: Socket, work: Work): Promise<void> {
  if (work.kind === 'send') return workByHand(socket, work);
  return new Promise((resolve) => void socket.once('received', resolve));
}

function workOverWorld(stream: Stream, work: Work): Promise<void> {
  return new Promise((resolve) => {
    let left = work.bytes;
    const chunk = new Uint8Array(work.kind === 'send' ? work.chunkLength : 0);
    const more = (): void => {
      while (left > 0) {
        left -= chunk.length;
        if (!stream.write(chunk)) break;
      }
      if (left <= 0) stream.write(new Uint8Array(0), resolve);
    };
    stream.start({
      data(bytes) {
        left -= bytes.length;
        if (left === 0) resolve();
      },
      end() {},
      drain: () => more(),
      close() {},
    });
    if (work.kind === 'send') more();
  });
}

/** The other process: does the opposite of what is measured, and says when it has a port or is done. */
interface PeerOrder {
  readonly connectTo?: number;
  readonly work: Work;
}

function runPeer(): void {
  process.on('message', ({ connectTo, work }: PeerOrder) => {
    if (connectTo !== undefined) {
      void dialByHand(connectTo, work).then(async (socket) => {
        await dialledWork(socket, work);
        socket.end();
      });
      return;
    }
    const server: Server = createServer({ noDelay: true }, async (socket) => {
      server.close();
      await workByHand(socket, work);
      socket.end();
    });
    server.listen(0, host, () => {
      const address = server.address();
      process.send?.(typeof address === 'object' ? address?.port : undefined);
    });
  });
}

function askPeer(peer: ChildProcess, order: PeerOrder): Promise<number> {
  return new Promise((resolve) => {
    if (order.connectTo === undefined) peer.once('message', (port) => resolve(Number(port)));
    else resolve(0);
    peer.send(order);
  });
}

type Side = 'dialled' | 'accepted';
type Way = 'by hand' | 'World';

const world = createNodeWorld();

async function measure(peer: ChildProcess, side: Side, way: Way, work: Work): Promise<number> {
  const opposite: Work =
    work.kind === 'send'
      ? { kind: 'receive', bytes: work.bytes }
      : { kind: 'send', bytes: work.bytes, chunkLength: 1024 * 1024 };
  if (side === 'dialled') {
    const port = await askPeer(peer, { work: opposite });
    const before = process.cpuUsage();
    if (way === 'by hand') {
      const socket = await dialByHand(port, work);
      await dialledWork(socket, work);
      socket.destroy();
    } else {
      const stream = await world.streams.connect({ address: host, port });
      await workOverWorld(stream, work);
      stream.destroy();
    }
    return secondsSince(before);
  }
  if (way === 'by hand') {
    return new Promise((resolve) => {
      const server: Server = createServer({ noDelay: true }, async (socket) => {
        server.close();
        const before = process.cpuUsage();
        await workByHand(socket, work);
        socket.destroy();
        resolve(secondsSince(before));
      });
      server.listen(0, host, () => {
        const address = server.address();
        void askPeer(peer, {
          connectTo: typeof address === 'object' ? (address?.port ?? 0) : 0,
          work: opposite,
        });
      });
    });
  }
  const { promise, resolve } = Promise.withResolvers<Stream>();
  const listener = await world.streams.listen({ address: host, port: 0 }, resolve);
  await askPeer(peer, { connectTo: listener.local.port, work: opposite });
  const stream = await promise;
  const before = process.cpuUsage();
  await workOverWorld(stream, work);
  stream.destroy();
  await listener.close();
  return secondsSince(before);
}

function secondsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

function median(values: readonly number[]): number {
  return values.toSorted((x, y) => x - y)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { gib: { type: 'string', default: '1' }, runs: { type: 'string', default: '7' } },
  });
  const bytes = Number(values.gib) * gibibyte;
  const peer = fork(new URL(import.meta.url), ['peer']);
  const cases: [string, Side, Work][] = [
    ['receive, dialled', 'dialled', { kind: 'receive', bytes }],
    ['receive, accepted', 'accepted', { kind: 'receive', bytes }],
    ['send 1 MiB, dialled', 'dialled', { kind: 'send', bytes, chunkLength: 1024 * 1024 }],
    ['send 1 MiB, accepted', 'accepted', { kind: 'send', bytes, chunkLength: 1024 * 1024 }],
    ['send 16 KiB, dialled', 'dialled', { kind: 'send', bytes, chunkLength: 16 * 1024 }],
    ['send 16 KiB, accepted', 'accepted', { kind: 'send', bytes, chunkLength: 16 * 1024 }],
  ];
  console.log('CPU s/GiB              by hand   World   ratio');
  for (const [name, side, work] of cases) {
    const byHand: number[] = [];
    const overWorld: number[] = [];
    for (let run = -1; run < Number(values.runs); run++) {
      const hand = await measure(peer, side, 'by hand', work);
      const ours = await measure(peer, side, 'World', work);
      // The first pair warms up.
      if (run < 0) continue;
      byHand.push(hand / Number(values.gib));
      overWorld.push(ours / Number(values.gib));
    }
    const [hand, ours] = [median(byHand), median(overWorld)];
    const cells = [hand.toFixed(3), ours.toFixed(3), (ours / hand).toFixed(2)];
    console.log(name.padEnd(22), ...cells.map((cell) => cell.padStart(7)));
  }
  peer.disconnect();
  await world.close();
}

if (process.argv[2] === 'peer') runPeer();
else await main();
