// How fast the peer protocol is taken apart: 16 KiB blocks, each copied once into a slab over shared memory,
// fed in chunks as a socket would deliver them. `node lab/bench/wire.ts`

import { createSlabs } from '@shoal/base';
import {
  blockLength,
  createPeerParser,
  ignoringHandlers,
  pieceHeaderLength,
  Rc4,
  writePieceHeader,
} from '@shoal/wire';

const gibibytes = 4;

const message = pieceHeaderLength + blockLength;
const blocksPerPiece = 64;
/** A whole number of messages: what is fed again and again. */
const stream = new Uint8Array(message * blocksPerPiece * 8);
for (let i = 0; i < stream.length / message; i++) {
  writePieceHeader(
    stream,
    i * message,
    Math.floor(i / blocksPerPiece),
    (i % blocksPerPiece) * blockLength,
    blockLength,
  );
}

const pool = createSlabs({ slabLength: blocksPerPiece * blockLength, capacity: 8 });
const slabs = Array.from({ length: 8 }, () => pool.take()).filter((slab) => slab !== undefined);
for (const slab of slabs) slab.fill(1);

console.log('| chunk | GB/s | ns a block | garbage a block |');
console.log('| --- | --- | --- | --- |');
for (const chunkLength of [16_384, 65_536, 262_144, 1_048_576]) {
  let blocks = 0;
  const parser = createPeerParser({
    ...ignoringHandlers,
    blockStart(piece, begin, _length, place) {
      place.offset = begin;
      return slabs[piece % slabs.length] ?? null;
    },
    blockEnd: () => void blocks++,
  });
  // The chunks' views are made beforehand: a socket hands over the buffers it has.
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < stream.length; at += chunkLength) chunks.push(stream.subarray(at, at + chunkLength));
  const rounds = Math.ceil((gibibytes * 2 ** 30) / stream.length);
  for (let i = 0; i < rounds / 8; i++) for (const chunk of chunks) parser.push(chunk);
  blocks = 0;
  const heapBefore = process.memoryUsage().heapUsed;
  const startedMs = performance.now();
  for (let i = 0; i < rounds; i++) for (const chunk of chunks) parser.push(chunk);
  const seconds = (performance.now() - startedMs) / 1000;
  const garbage = Math.max(0, process.memoryUsage().heapUsed - heapBefore) / blocks;
  const rate = (blocks * blockLength) / 1e9 / seconds;
  console.log(
    `| ${chunkLength / 1024} KiB | ${rate.toFixed(1)} | ${((seconds / blocks) * 1e9).toFixed(0)} | ${garbage.toFixed(1)} B |`,
  );
}

const cipher = new Rc4(new Uint8Array(20).fill(7));
for (let i = 0; i < 64; i++) cipher.transform(stream, 0, 262_144);
const startedMs = performance.now();
for (let i = 0; i < 4096; i++) cipher.transform(stream, 0, 262_144);
const megabytesPerSecond = (4096 * 262_144) / 1e3 / (performance.now() - startedMs);
console.log(`\nRC4 in place: ${megabytesPerSecond.toFixed(0)} MB/s`);
