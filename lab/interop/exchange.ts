// One exchange between two programs in a network of its own: a tree of files at the source, and the question
// whether the receiver ends up with the same bytes.

import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import type { Client, Encryption, Format, PeerTask } from '../clients/client.ts';
import { createNamespace, labAddress, type Namespace } from '../clients/namespace.ts';
import { run } from '../clients/process.ts';
import { shoalCommand } from '../clients/shoal.ts';
import { type LabTracker, startTracker } from '../clients/tracker.ts';

const trackerPort = 7000;
/** Of the program with this number: some listen on all addresses, so an address of its own is not enough. */
const peerPort = (number: number) => 7100 + 10 * number;

/** Sizes around every border: nothing, one byte, one block less and more one, several pieces, no round number. */
const ordinaryFiles: Readonly<Record<string, number>> = {
  'empty.txt': 0,
  'one byte': 1,
  'folder/just under a block': 16_383,
  'folder/deeper/just over a block': 16_385,
  'folder/größer – 大きい.bin': 3_000_000,
  'z/long.bin': 5 * 2 ** 20 + 7,
};

export interface Lab {
  readonly folder: string;
  /** The files that were made. */
  readonly original: string;
  /** A copy, with padding beside it, to be seeded from. */
  readonly source: string;
  /** A task for the program with this number; each has an address, a folder and a torrent of its own. */
  task(
    number: number,
    options: { folder?: string; peers?: readonly number[]; encryption: Encryption },
  ): Promise<PeerTask>;
  /** Tells the tracker of a program that does not announce itself. */
  announce(number: number, role: 'source' | 'receiver'): Promise<void>;
  close(): Promise<void>;
}

export async function openLab(format: Format, files: Readonly<Record<string, number>>): Promise<Lab> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-lab-'));
  const original = join(folder, 'original');
  const source = join(folder, 'source');
  for (const [path, length] of Object.entries(files)) {
    const bytes = randomBytes(length);
    for (const tree of [original, source]) {
      const at = join(tree, 'payload', path);
      mkdirSync(dirname(at), { recursive: true });
      writeFileSync(at, bytes);
    }
  }
  let namespace: Namespace | undefined;
  let tracker: LabTracker | undefined;
  async function close(): Promise<void> {
    await tracker?.stop();
    await namespace?.close();
    rmSync(folder, { recursive: true, force: true });
  }
  try {
    namespace = await createNamespace();
    tracker = await startTracker('0.0.0.0', trackerPort, folder, namespace.prefix);
  } catch (error) {
    await close();
    throw error;
  }
  const { prefix } = namespace;
  const labTracker = tracker;

  /** Programs that know no padding take it for files, which a seeder must have. */
  async function writePadding(torrent: string): Promise<void> {
    for (const { path, length, pad } of (await inspect(torrent, prefix)).files) {
      if (!pad) continue;
      const at = join(source, 'payload', path);
      mkdirSync(dirname(at), { recursive: true });
      writeFileSync(at, new Uint8Array(length));
    }
  }

  const torrents = new Map<number, string>();

  async function torrentFor(number: number): Promise<string> {
    const known = torrents.get(number);
    if (known !== undefined) return known;
    const file = join(folder, `${number}.torrent`);
    torrents.set(number, file);
    // A program announces from the address that it finds its tracker at.
    const url = `http://${labAddress(number)}:${trackerPort}/announce`;
    const words = [
      'make',
      join(original, 'payload'),
      '-o',
      file,
      '--overwrite',
      '--format',
      format,
      '--tracker',
      url,
    ];
    await run(process.execPath, [shoalCommand, ...words, '--piece-length', '65536']);
    return file;
  }

  return {
    folder,
    original,
    source,
    async task(number, options) {
      const state = join(folder, `state-${number}`);
      mkdirSync(state, { recursive: true });
      const own = join(folder, `peer-${number}`);
      mkdirSync(own, { recursive: true });
      const torrent = await torrentFor(number);
      if (options.folder === source) await writePadding(torrent);
      return {
        torrent,
        folder: options.folder ?? own,
        state,
        address: labAddress(number),
        port: peerPort(number),
        encryption: options.encryption,
        peers: (options.peers ?? []).map((peer) => ({ address: labAddress(peer), port: peerPort(peer) })),
        prefix,
      };
    },
    async announce(number, role) {
      const { infoHashV1, infoHashV2 } = await inspect(await torrentFor(number), prefix);
      for (const hash of [infoHashV1, infoHashV2]) {
        if (hash === undefined) continue;
        const bytes = Uint8Array.from(Buffer.from(hash, 'hex')).subarray(0, 20);
        await labTracker.announce(bytes, {
          address: labAddress(number),
          port: peerPort(number),
          left: role === 'source' ? 0 : 1,
        });
      }
    },
    close,
  };
}

interface Inspected {
  readonly infoHashV1?: string;
  readonly infoHashV2?: string;
  readonly files: readonly { readonly path: string; readonly length: number; readonly pad: boolean }[];
}

async function inspect(torrent: string, prefix: readonly string[]): Promise<Inspected> {
  return JSON.parse(await run(process.execPath, [shoalCommand, 'inspect', torrent, '--json'], prefix));
}

/** Source and receiver, from the start of both to the same bytes. */
export async function exchange(
  from: Client,
  to: Client,
  format: Format,
  encryption: Encryption,
): Promise<void> {
  const lab = await openLab(format, ordinaryFiles);
  try {
    const source = from.seed(await lab.task(1, { folder: lab.source, encryption }));
    try {
      await source.ready;
      const task = await lab.task(2, { peers: [1], encryption });
      const receiver = to.fetch(task);
      try {
        // Ours tells the tracker itself, but only after a second with the peer that it was given. Transmission hangs
        // up on an address that it is just dialling, and here all calls to it come from its own.
        if (!from.takesPeers) await lab.announce(2, 'receiver');
        await receiver.complete;
        await assertArrived(lab, to, task);
      } finally {
        await receiver.stop();
      }
    } finally {
      await source.stop();
    }
  } finally {
    await lab.close();
  }
}

/** The receiver of this task has what the lab made, as far as such a program writes it. */
export function assertArrived(lab: Lab, receiver: Client, task: PeerTask): Promise<void> {
  const [made, got] = [join(lab.original, 'payload'), join(task.folder, 'payload')];
  return assertSameTree(made, got, receiver.leavesOutEmptyFiles ?? false);
}

/** Every file of `expected` is there with the same bytes. Padding that older programs write as files is not looked at. */
export async function assertSameTree(expected: string, actual: string, withoutEmpty = false): Promise<void> {
  for (const entry of readdirSync(expected, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = relative(expected, join(entry.parentPath, entry.name));
    if (withoutEmpty && statSync(join(expected, path)).size === 0) continue;
    const [wanted, got] = [digest(join(expected, path)), digest(join(actual, path))];
    if (wanted !== got) throw new Error(`${path} differs: ${wanted} was sent, ${got} arrived`);
  }
}

function digest(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
