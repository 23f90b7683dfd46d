// The data folder and the disks: whose they are, what is free, and how long it takes until bytes are safe.

import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { getuid } from 'node:process';
import { type Disk, type World, WorldError } from '@shoal/base';
import type { System } from '../reach/system.ts';
import { bad, type Finding, gigabytes, ok, warn, wordsOf } from './finding.ts';

const fewestFree = 100e6;
const wantedFree = 5e9;
/** Pieces are written down as verified after a sync: on disks this slow, a kill costs more of them. */
const slowSyncMs = 200;
const probeBytes = 1024 * 1024;

/** Where locks or syncs mean less than they say, or names differ. */
const oddKinds: Readonly<Record<string, string>> = {
  tmpfs: 'it is lost when the machine stops',
  ramfs: 'it is lost when the machine stops',
  vfat: 'files end at 4 GB there, and there are no rights',
  msdos: 'files end at 4 GB there, and there are no rights',
  nfs: 'locks and syncs depend on the server',
  nfs4: 'locks and syncs depend on the server',
  cifs: 'locks and syncs depend on the server',
  smb3: 'locks and syncs depend on the server',
  '9p': 'locks and syncs depend on the host',
};

export async function checkDataFolder(folder: string): Promise<Finding> {
  const check = 'data-folder';
  try {
    const { uid, mode } = await stat(folder);
    const own = getuid?.();
    if (own !== undefined && uid !== own)
      return bad(
        check,
        `${folder} belongs to user ${uid}, and we are user ${own}.`,
        `Run as its owner, or give it to us: chown -R ${own} ${folder}`,
      );
    // Windows knows no such bits.
    if (own !== undefined && (mode & 0o077) !== 0) {
      const secrets = await Promise.all(
        ['identity.pem', 'api-token'].map((name) => isOpen(join(folder, name))),
      );
      if (secrets.includes(true))
        return bad(check, `Others on this machine can read the keys in ${folder}.`, `chmod -R go= ${folder}`);
    }
    return ok(check, `${folder} is ours alone.`);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      return ok(check, `${folder} is not there yet; the first start makes it.`);
    return bad(
      check,
      `${folder} cannot be looked at: ${wordsOf(error)}.`,
      'Choose another one with --data DIR.',
    );
  }
}

async function isOpen(path: string): Promise<boolean> {
  try {
    return ((await stat(path)).mode & 0o044) !== 0;
  } catch {
    return false;
  }
}

/** Writes a file of 1 MiB there, and removes it. */
export async function checkDisk(
  check: string,
  folder: string,
  { disk, clock }: Pick<World, 'disk' | 'clock'>,
  system: System,
): Promise<Finding> {
  try {
    const there = await nearest(disk, folder);
    const free = await disk.freeBytes(there);
    const kind = await kindOf(there, system);
    const room = `${gigabytes(free)} are free in ${folder}${kind === undefined ? '' : ` (${kind})`}`;
    if (free < fewestFree)
      return bad(
        check,
        `${room}: transfers stop for want of space.`,
        'Free some, or choose another folder in the config.',
      );
    const syncMs = await timeSync(disk, there, () => clock.nowMs());
    const speed = `a megabyte is safe there after ${syncMs < 10 ? syncMs.toFixed(1) : syncMs.toFixed(0)} ms`;
    const odd = oddKinds[kind ?? ''];
    if (odd !== undefined)
      return warn(check, `${room}; ${speed}. On ${kind} ${odd}.`, 'A local disk is safer.');
    if (syncMs > slowSyncMs)
      return warn(
        check,
        `${room}; ${speed}, which is slow.`,
        'Other programs keep it busy, or it is old: expect low speeds.',
      );
    if (free < wantedFree) return warn(check, `${room}; ${speed}.`, 'Free some before large transfers.');
    return ok(check, `${room}; ${speed}.`);
  } catch (error) {
    const isReadOnly =
      error instanceof WorldError && (error.code === 'read-only' || error.code === 'permission');
    return bad(
      check,
      `Nothing can be written to ${folder}: ${wordsOf(error)}.`,
      isReadOnly
        ? 'Give us the right to write there, or choose another folder in the config.'
        : 'Look at the disk and the system log.',
    );
  }
}

/** The folder, or the one above it that is there. */
async function nearest(disk: Disk, folder: string): Promise<string> {
  try {
    await disk.stat(folder);
    return folder;
  } catch (error) {
    const above = dirname(folder);
    if (above === folder || !(error instanceof WorldError) || error.code !== 'not-found') throw error;
    return await nearest(disk, above);
  }
}

async function timeSync(disk: Disk, folder: string, nowMs: () => number): Promise<number> {
  const path = join(folder, `.shoal-doctor-${process.pid}`);
  const file = await disk.open(path, { write: true, create: 'new' });
  try {
    const startedMs = nowMs();
    await file.write([new Uint8Array(probeBytes)], 0);
    await file.sync();
    return nowMs() - startedMs;
  } finally {
    await file.close();
    await disk.removeFile(path);
  }
}

/** Of the file system, where the system says it. */
async function kindOf(folder: string, system: System): Promise<string | undefined> {
  const mounts = ((await system.read('/proc/self/mounts')) ?? '').split('\n').flatMap((line) => {
    const [, at, kind] = line.split(' ');
    if (at === undefined || kind === undefined) return [];
    const path = at.replace(/\\(\d{3})/g, (_, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 8)),
    );
    const holds = path === '/' || folder === path || folder.startsWith(`${path}/`);
    return holds ? [{ path, kind }] : [];
  });
  return mounts.sort((a, b) => a.path.length - b.path.length).at(-1)?.kind;
}
