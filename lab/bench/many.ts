// Thousands of idle torrents, and hundreds of idle peers: memory, time to start, idle CPU. Run: node lab/bench/many.ts [--torrents 1000,10000] [--peers 400] [--only Shoal,libtorrent] [--idle SECONDS] [--heap FILE]
// Each torrent is a sparse file of 64 MiB in 256 pieces, whose state was recorded in an earlier run. Memory is anonymous RSS
// beyond that of an empty session; the start ends when the last torrent is known to be whole.

import { type ChildProcess, spawn } from 'node:child_process';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { printTable } from './table.ts';

const { values: options } = parseArgs({
  options: {
    torrents: { type: 'string', default: '1000,10000' },
    peers: { type: 'string', default: '400' },
    only: { type: 'string', default: 'Shoal,libtorrent' },
    idle: { type: 'string', default: '30' },
    heap: { type: 'string' },
  },
});

const pieceLength = 256 * 1024;
const pieceCount = 256;
const piece = hash('sha1', new Uint8Array(pieceLength), 'buffer');

const commands: Readonly<Record<string, readonly string[]>> = {
  Shoal: [process.execPath, join(import.meta.dirname, 'many-shoal.ts')],
  libtorrent: ['/usr/bin/python3', join(import.meta.dirname, 'many_libtorrent.py')],
};

const folder = mkdtempSync(join(tmpdir(), 'shoal-many-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(130));

const rows: string[][] = [];
for (const count of options.torrents.split(',').map(Number)) {
  const place = join(folder, String(count));
  prepare(place, count);
  for (const name of options.only.split(',')) {
    if (name === 'Shoal') await (await begin(name, [place, String(count), 'record'])).until('started');
    const program = await begin(name, [place, String(count), 'start', options.heap ?? '']);
    await program.until('ready');
    const before = anonymousMiB(program.child);
    const begun = performance.now();
    program.child.stdin?.write('go\n');
    await program.until('started');
    const seconds = (performance.now() - begun) / 1000;
    const atOnce = anonymousMiB(program.child) - before;
    await sleep(3000);
    const settled = anonymousMiB(program.child) - before;
    const ticks = cpuSeconds(program.child);
    await sleep(Number(options.idle) * 1000);
    const idle = (100 * (cpuSeconds(program.child) - ticks)) / Number(options.idle);
    rows.push([
      `${count} torrents`,
      name,
      seconds.toFixed(2),
      `${atOnce.toFixed(1)}`,
      `${settled.toFixed(1)}`,
      `${idle.toFixed(2)} %`,
      '',
    ]);
    await program.stop();
  }
}

const peerCount = Number(options.peers);
if (peerCount > 0) {
  const place = join(folder, 'peers');
  const infoHash = prepare(place, 1);
  for (const name of options.only.split(',')) {
    if (name === 'Shoal') await (await begin(name, [place, '1', 'record'])).until('started');
    const program = await begin(name, [place, '1', 'start', '']);
    const port = Number((await program.until('ready')).port);
    program.child.stdin?.write('go\n');
    await program.until('started');
    // The first ones warm up what all of them need.
    const sockets = await Promise.all(Array.from({ length: 20 }, () => idlePeer(port, infoHash)));
    await sleep(2000);
    const before = anonymousMiB(program.child);
    for (let i = 0; i < peerCount; i += 50) {
      const more = Math.min(50, peerCount - i);
      sockets.push(...(await Promise.all(Array.from({ length: more }, () => idlePeer(port, infoHash)))));
      await sleep(100);
    }
    await sleep(3000);
    const grown = anonymousMiB(program.child) - before;
    const ticks = cpuSeconds(program.child);
    await sleep(Number(options.idle) * 1000);
    const idle = (100 * (cpuSeconds(program.child) - ticks)) / Number(options.idle);
    const connected = sockets.filter((socket) => !socket.destroyed).length;
    rows.push([
      `${connected} peers`,
      name,
      '',
      '',
      grown.toFixed(1),
      `${idle.toFixed(2)} %`,
      `${((grown * 1024) / connected).toFixed(1)} KiB`,
    ]);
    for (const socket of sockets) socket.destroy();
    await program.stop();
  }
}
printTable(['idle', 'program', 'start s', 'MiB at once', 'MiB', 'CPU', 'each'], rows);

function prepare(place: string, count: number): Buffer {
  let last = Buffer.alloc(0);
  const pieces = Buffer.concat(Array.from({ length: pieceCount }, () => piece));
  for (let i = 0; i < count; i++) {
    const part = join(place, String(Math.floor(i / 1000)));
    if (i % 1000 === 0) {
      mkdirSync(join(part, 'content'), { recursive: true });
      mkdirSync(join(part, 'state'), { recursive: true });
    }
    const name = `item-${String(i).padStart(5, '0')}.bin`;
    const info = Buffer.concat([
      Buffer.from(
        `d6:lengthi${pieceCount * pieceLength}e4:name${name.length}:${name}12:piece lengthi${pieceLength}e6:pieces${pieces.length}:`,
      ),
      pieces,
      Buffer.from('e'),
    ]);
    last = hash('sha1', info, 'buffer');
    writeFileSync(
      join(part, `${name}.torrent`),
      Buffer.concat([Buffer.from('d4:info'), info, Buffer.from('e')]),
    );
    writeFileSync(join(part, 'content', name), '');
    truncateSync(join(part, 'content', name), pieceCount * pieceLength);
  }
  return last;
}

async function begin(name: string, words: readonly string[]) {
  const [command = '', ...first] = commands[name] ?? [];
  const child = spawn(command, [...first, ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    child,
    async until(event: string): Promise<Record<string, unknown>> {
      for (;;) {
        const { value, done } = await lines.next();
        if (done === true) throw new Error(`${name} ended without ${event}`);
        const said: Record<string, unknown> = JSON.parse(value);
        if (said.event === event) return said;
      }
    },
    async stop(): Promise<void> {
      child.kill('SIGINT');
      await closed;
    },
  };
}

/** A peer that has nothing, wants nothing, and says so. */
async function idlePeer(port: number, infoHash: Buffer): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const id = Buffer.from(`-XX0000-${String(Math.random()).slice(2).padEnd(12, '0').slice(0, 12)}`);
  const reserved = Buffer.from([0, 0, 0, 0, 0, 0x10, 0, 4]);
  socket.write(Buffer.concat([Buffer.from('\x13BitTorrent protocol', 'latin1'), reserved, infoHash, id]));
  socket.write(Buffer.from([0, 0, 0, 1, 15]));
  const payload = 'd1:md11:ut_metadatai3ee4:reqqi250e1:v11:Idle peer 1e';
  const length = Buffer.alloc(4);
  length.writeUInt32BE(payload.length + 2);
  socket.write(Buffer.concat([length, Buffer.from([20, 0]), Buffer.from(payload)]));
  socket.on('error', () => {});
  socket.resume();
  return socket;
}

function anonymousMiB({ pid }: ChildProcess): number {
  return Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

function cpuSeconds({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
