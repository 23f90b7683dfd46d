// The machine: its clock, memory and limits.

import { totalmem } from 'node:os';
import { availableMemory, constrainedMemory } from 'node:process';
import type { Clock } from '@shoal/base';
import type { System } from '../reach/system.ts';
import { bad, type Finding, gigabytes, ok, warn } from './finding.ts';

/** A node with many transfers has a socket a peer, and some files. */
const wantedFiles = 4096;
const fewestFiles = 512;
/** 64 MiB of blocks, the hash workers and Node itself come to some 250 MB. */
const wantedMemory = 512e6;
const fewestMemory = 200e6;
const clockLookMs = 300;
/** Beyond what a clock that is being set right does. */
const clockSlackMs = 50;
/** Before this program was written. */
const earliest = Date.UTC(2026, 0, 1);

export async function checkClock({ nowMs, wallTimeMs, setTimer }: Clock): Promise<Finding> {
  const [monotone, wall] = [nowMs(), wallTimeMs()];
  await new Promise<void>((resolve) => setTimer(clockLookMs, resolve));
  const drift = Math.abs(wallTimeMs() - wall - (nowMs() - monotone));
  const text = new Date(wallTimeMs()).toISOString().replace(/\.\d+Z$/, 'Z');
  if (wallTimeMs() < earliest)
    return bad(
      'clock',
      `It is ${text} here, which is in the past: certificates and signatures look as if they were not valid yet.`,
      'Set the clock; a time service (systemd-timesyncd, chrony) keeps it right.',
    );
  if (drift > clockSlackMs)
    return warn(
      'clock',
      `The clock jumped by ${Math.round(drift)} ms within ${clockLookMs} ms.`,
      'Something sets it by leaps. Have it set by one time service alone.',
    );
  return ok('clock', `It is ${text}, and the clock runs evenly.`);
}

export async function checkOpenFiles(system: System): Promise<Finding> {
  const limits = await system.read('/proc/self/limits');
  const soft = /^Max open files\s+(\S+)\s+(\S+)/m.exec(limits ?? '')?.[1];
  // Node raises the soft limit to the hard one as it starts, so this is what there is.
  const shell = soft ?? (await system.run('sh', ['-c', 'ulimit -Hn']))?.trim();
  if (shell === undefined) return ok('open-files', 'This system names no limit.');
  const count = shell === 'unlimited' ? Number.POSITIVE_INFINITY : Number(shell);
  const raise = 'Raise it: LimitNOFILE=65536 in the service file, or `ulimit -n 65536` before the start.';
  const message = `At most ${shell} files and connections may be open at once`;
  if (count < fewestFiles) return bad('open-files', `${message}, which a single busy transfer needs.`, raise);
  if (count < wantedFiles) return warn('open-files', `${message}; hundreds of transfers need more.`, raise);
  return ok('open-files', `${message}.`);
}

export function checkMemory(): Finding {
  const limit = constrainedMemory();
  const total = limit !== undefined && limit > 0 && limit < totalmem() ? limit : totalmem();
  const free = Math.min(availableMemory(), total);
  const message = `${gigabytes(free)} of ${gigabytes(total)} memory are free`;
  if (free < fewestMemory)
    return bad(
      'memory',
      `${message}: the system may end the node.`,
      'Close other programs, or raise the limit of the container or service.',
    );
  if (free < wantedMemory)
    return warn(
      'memory',
      `${message}; a busy node takes half a gigabyte.`,
      'Lower connections.all and queue.active, or give it more.',
    );
  return ok('memory', `${message}.`);
}
