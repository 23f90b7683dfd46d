// How fast the peer protocol is taken apart: 16 KiB blocks, each copied once into a slab over shared memory,
// fed in chunks as a socket would deliver them. `node lab/bench/wire.ts`

import { createSlabs } from '@shoal/base';
import {
  blockLength,
  createPeerParser,
  type PeerHandlers,
  pieceHeaderLength,
  writePieceHeader,
} from '@shoal/wire';

const gibibytes = 4;

function ignore(): void {}

function countingHandlers(slabs: readonly Uint8Array[]): PeerHandlers & { blocks: number } {
  return {
    blocks: 0,
    keepAlive: ignore,
    choke: ignore,
    unchoke: ignore,
    interested: ignore,
    notInterested: ignore,
    have: ignore,
    bitfield: ignore,
    request: ignore,
    cancel: ignore,
    blockStart(piece, begin, _length, place) {
      place.offset = begin;
      return slabs[piece % slabs.length] ?? null;
    },
    blockEnd() {
      this.blocks++;
    },
    port: ignore,
    suggest: ignore,
    haveAll: ignore,
    haveNone: ignore,
    reject: ignore,
    allowedFast: ignore,
    extended: ignore,
    hashRequest: ignore,
    hashes: ignore,
    hashReject: ignore,
  };
}

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
  const handlers = countingHandlers(slabs);
  const parser = createPeerParser(handlers);
  // The chunks' views are made beforehand: a socket hands over the buffers it has.
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < stream.length; at += chunkLength) chunks.push(stream.subarray(at, at + chunkLength));
  const rounds = Math.ceil((gibibytes * 2 ** 30) / stream.length);
  for (let i = 0; i < rounds / 8; i++) for (const chunk of chunks) parser.push(chunk);
  handlers.blocks = 0;
  const heapBefore = process.memoryUsage().heapUsed;
  const startedMs = performance.now();
  for (let i = 0; i < rounds; i++) for (const chunk of chunks) parser.push(chunk);
  const seconds = (performance.now() - startedMs) / 1000;
  const garbage = Math.max(0, process.memoryUsage().heapUsed - heapBefore) / handlers.blocks;
  const rate = (handlers.blocks * blockLength) / 1e9 / seconds;
  console.log(
    `| ${chunkLength / 1024} KiB | ${rate.toFixed(1)} | ${((seconds / handlers.blocks) * 1e9).toFixed(0)} | ${garbage.toFixed(1)} B |`,
  );
}
