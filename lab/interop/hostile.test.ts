// The shipped command under attack on real sockets: crowds of half-open connections, handshakes that never end, and
// floods that nobody reads. An honest peer is served all the same, and memory stays within its bounds.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Program, start } from '../clients/process.ts';
import { shoalCommand } from '../clients/shoal.ts';

/** Node itself takes 70 MiB, blocks at most 64, and chunks that are sent 28. */
const residentBytes = 320 * 2 ** 20;

/** Nobody is asked for peers: they are given. */
const alone = ['--no-lan', '--network', 'centralized'];

interface Target {
  readonly port: number;
  readonly infoHash: Uint8Array;
}

type Attack = (socket: Socket, target: Target) => void;

function handshake({ infoHash }: Target): Buffer {
  return Buffer.concat([
    Buffer.from('\x13BitTorrent protocol'),
    Buffer.from([0, 0, 0, 0, 0, 0x10, 0, 0x04]),
    infoHash,
    randomBytes(20),
  ]);
}

function message(id: number, ...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(5 + 4 * numbers.length);
  bytes.writeUInt32BE(1 + 4 * numbers.length);
  bytes[4] = id;
  for (const [i, number] of numbers.entries()) bytes.writeUInt32BE(number, 5 + 4 * i);
  return bytes;
}

/** As much as the socket takes, for as long as it lives. */
function flood(socket: Socket, bytes: Buffer): void {
  const batch = Buffer.concat(Array.from({ length: Math.ceil(16_384 / bytes.length) }, () => bytes));
  const go = () => {
    while (!socket.destroyed && socket.write(batch));
  };
  socket.on('drain', go);
  go();
}

const attacks: Record<string, { readonly count: number; readonly attack: Attack }> = {
  'say nothing': { count: 3000, attack() {} },
  'say their handshake byte by byte': {
    count: 1500,
    attack(socket, target) {
      const bytes = handshake(target);
      let at = 0;
      const timer = setInterval(() => {
        if (at < 60) socket.write(bytes.subarray(at, ++at));
      }, 500);
      socket.on('close', () => clearInterval(timer));
    },
  },
  'shake hands and then wait': {
    count: 1500,
    attack: (socket, target) => void socket.write(handshake(target)),
  },
  'ask for everything and read nothing': {
    count: 100,
    attack(socket, target) {
      socket.pause();
      socket.write(Buffer.concat([handshake(target), message(2)]));
      flood(socket, message(6, 0, 0, 16_384));
    },
  },
  'flood with keep-alives': {
    count: 50,
    attack(socket, target) {
      socket.write(handshake(target));
      flood(socket, Buffer.alloc(4));
    },
  },
  'send what no protocol knows': { count: 300, attack: (socket) => flood(socket, randomBytes(1000)) },
};

/** Keeps up its number of connections until it is stopped. */
function attackWith(target: Target, count: number, attack: Attack) {
  const sockets = new Set<Socket>();
  let isOver = false;
  let opened = 0;
  const allOpened = Promise.withResolvers<void>();
  const open = () => {
    if (isOver) return;
    const socket = connect(target.port, '127.0.0.1', () => {
      attack(socket, target);
      if (++opened === count) allOpened.resolve();
    });
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      setTimeout(open, 200).unref();
    });
  };
  for (let i = 0; i < count; i++) open();
  const stop = () => {
    isOver = true;
    for (const socket of sockets) socket.destroy();
  };
  return { begun: allOpened.promise, stop };
}

async function withShare(
  scenario: (share: Program, target: Target, folder: string, torrent: string) => Promise<void>,
) {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-hostile-'));
  await writeFile(join(folder, 'payload.bin'), randomBytes(12 * 2 ** 20 + 5));
  const words = ['share', join(folder, 'payload.bin'), '--data', join(folder, 'data'), '--json', ...alone];
  const share = start(process.execPath, [shoalCommand, ...words], { log: join(folder, 'share.log') });
  try {
    const line = await share.line((one) => one.includes('"event":"sharing"'));
    const event: { port: number; infoHashV1: string; torrent: string } = JSON.parse(line);
    const target = { port: event.port, infoHash: Buffer.from(event.infoHashV1, 'hex') };
    await scenario(share, target, folder, event.torrent);
  } finally {
    await share.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

for (const [what, { count, attack }] of Object.entries(attacks))
  test(`a peer is served while ${count} connections ${what}`, { timeout: 180_000 }, () =>
    withShare(async (share, target, folder, torrent) => {
      const { begun, stop } = attackWith(target, count, attack);
      try {
        await begun;
        const words = [
          'get',
          torrent,
          '-o',
          join(folder, 'out'),
          '--data',
          join(folder, 'data-2'),
          '--json',
          ...alone,
        ];
        const peer = ['--peer', `127.0.0.1:${target.port}`];
        const get = start(process.execPath, [shoalCommand, ...words, ...peer], {
          log: join(folder, 'get.log'),
        });
        try {
          assert.equal(await get.exited, 0);
        } finally {
          await get.stop();
        }
        const [sent, came] = await Promise.all([
          readFile(join(folder, 'payload.bin')),
          readFile(join(folder, 'out', 'payload.bin')),
        ]);
        assert.ok(sent.equals(came));
        const { peakResidentBytes } = share.measure();
        assert.ok(
          peakResidentBytes < residentBytes,
          `${Math.round(peakResidentBytes / 2 ** 20)} MiB resident`,
        );
      } finally {
        stop();
      }
    }),
  );
