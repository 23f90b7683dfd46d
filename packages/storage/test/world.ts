// A folder of its own in Node's world, and torrents made from bytes, for the tests of this room.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { World } from '@shoal/base';
import { createNodeWorld } from '@shoal/base/node';
import { Layout } from '@shoal/metainfo';
import { type Content, type ContentOptions, type KnownHashes, OpenFiles, openContent } from '@shoal/storage';

export interface Place extends AsyncDisposable {
  readonly world: World;
  readonly folder: string;
  /** Closed with the place, if the test does not get there. */
  open(options: ContentOptions): Promise<Content>;
}

export async function openPlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'storage-'));
  const world = createNodeWorld({ hashWorkers: 1 });
  const opened: Content[] = [];
  return {
    world,
    folder,
    async open(options) {
      const content = await openContent(options);
      opened.push(content);
      return content;
    },
    async [Symbol.asyncDispose]() {
      for (const content of opened) await content.close();
      await world.close();
      await rm(folder, { recursive: true });
    },
  };
}

export interface Sample {
  readonly layout: Layout;
  readonly hashes: KnownHashes;
  /** All bytes in the space of pieces, padding too. */
  readonly bytes: Uint8Array;
  piece(index: number): Uint8Array;
  file(index: number): Uint8Array;
}

export interface SampleFile {
  readonly path: string;
  readonly length: number;
  readonly isPad?: boolean;
}

/** A v1 torrent of these files, filled with bytes that depend on `seed`. */
export function makeSample(
  world: World,
  files: readonly SampleFile[],
  pieceLength: number,
  seed = 1,
): Sample {
  let offset = 0;
  const layout = new Layout(
    files.map(({ path, length, isPad = false }) => {
      const file = {
        ...{ path: path.split('/'), length, offset, isPad, isExecutable: false, isHidden: false },
        ...{ linkTarget: undefined, piecesRoot: undefined, originalPath: [] },
      };
      offset += length;
      return file;
    }),
    pieceLength,
    false,
  );
  const bytes = new Uint8Array(offset);
  let state = seed;
  for (let i = 0; i < bytes.length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[i] = state >>> 16;
  }
  for (const file of layout.files) if (file.isPad) bytes.fill(0, file.offset, file.offset + file.length);
  const piece = (index: number) => bytes.subarray(index * pieceLength, (index + 1) * pieceLength);
  return {
    layout,
    hashes: { v1: (index) => world.hashing.digest('sha1', piece(index)), v2: () => undefined },
    bytes,
    piece,
    file(index) {
      const { offset: start = 0, length = 0 } = layout.files[index] ?? {};
      return bytes.subarray(start, start + length);
    },
  };
}

export function optionsFor(place: Place, sample: Sample, more: Partial<ContentOptions> = {}): ContentOptions {
  const { disk, hashing, clock } = place.world;
  return {
    disk,
    hashing,
    clock,
    openFiles: new OpenFiles(disk),
    layout: sample.layout,
    hashes: sample.hashes,
    folder: `${place.folder}/out`,
    identity: Uint8Array.of(1, 2, 3),
    journal: `${place.folder}/state/journal`,
    bootId: 'boot-1',
    ...more,
  };
}

/** The piece in slabs of 16 KiB over shared memory, the last one longer than it has to be. */
export function slabsOf(bytes: Uint8Array): Uint8Array[] {
  const slab = 16384;
  const memory = new SharedArrayBuffer(Math.ceil(bytes.length / slab) * slab);
  const whole = new Uint8Array(memory);
  whole.set(bytes);
  return Array.from({ length: whole.length / slab }, (_, i) => whole.subarray(i * slab, (i + 1) * slab));
}
