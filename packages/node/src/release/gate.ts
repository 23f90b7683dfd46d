// What stands between a complete file and its own name: whose publication it is, and the scanners of the config. Invariant:
// a file passes only with the plain yes of each; one that says neither yes nor no is asked again, later and later.

import { type Clock, type Disk, WorldError } from '@shoal/base';
import type { InfoHashes } from '@shoal/metainfo';
import { firstScanAgainMs, lastScanAgainMs, mostScansAtOnce } from '../bounds.ts';
import { askClamd } from './clamd.ts';
import { askCommand } from './command.ts';
import { clean, lineOf, type Verdict } from './verdict.ts';

export interface ScanSettings {
  readonly clamd?: string;
  readonly command?: string;
  readonly patienceMs: number;
}

export interface ReleaseGateParts {
  readonly disk: Disk;
  readonly clock: Clock;
  /** As they are now. */
  readonly settings: () => ScanSettings;
  /** Whether somebody who is trusted has published the torrent. */
  readonly published: (hashes: InfoHashes) => Promise<Verdict>;
}

export interface Asked {
  readonly path: string;
  readonly hashes: InfoHashes;
}

export const fileGone: Verdict = { kind: 'held', reason: 'for a file that is not there' };

export class ReleaseGate {
  readonly #parts: ReleaseGateParts;
  #free = mostScansAtOnce;
  readonly #waiting: (() => void)[] = [];

  constructor(parts: ReleaseGateParts) {
    this.#parts = parts;
  }

  /** Asks until there is an answer; `held` hears each time why there is none. Held when it was aborted. */
  async ask(asked: () => Asked, held: (reason: string) => void, signal: AbortSignal): Promise<Verdict> {
    for (let waitMs = firstScanAgainMs; ; waitMs = Math.min(2 * waitMs, lastScanAgainMs)) {
      const verdict = await this.askOnce(asked(), signal);
      if (verdict.kind !== 'held' || signal.aborted) return verdict;
      held(verdict.reason);
      await this.#wait(waitMs, signal);
      if (signal.aborted) return verdict;
    }
  }

  async askOnce({ path, hashes }: Asked, signal: AbortSignal): Promise<Verdict> {
    const published = await this.#parts.published(hashes);
    const { clamd, command } = this.#parts.settings();
    if (published.kind !== 'clean' || (clamd === undefined && command === undefined)) return published;
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return saidByScanner(await this.#ask(path, signal));
    } catch (error) {
      const gone = error instanceof WorldError && error.code === 'not-found';
      const message = error instanceof Error ? error.message : String(error);
      return gone ? fileGone : saidByScanner({ kind: 'held', reason: lineOf(message) });
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }

  async #ask(path: string, signal: AbortSignal): Promise<Verdict> {
    const { disk, clock, settings } = this.#parts;
    const { clamd, command, patienceMs } = settings();
    if (clamd !== undefined) {
      const verdict = await askClamd(path, { disk, clock, where: clamd, patienceMs, signal });
      if (verdict.kind !== 'clean') return verdict;
    }
    return command === undefined ? clean : await askCommand(path, command, { clock, patienceMs, signal });
  }

  #wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        timer.cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = this.#parts.clock.setTimer(ms, done);
      signal.addEventListener('abort', done);
      if (signal.aborted) done();
    });
  }
}

/** Verdicts end a sentence: that a file waits, or was refused. */
function saidByScanner(verdict: Verdict): Verdict {
  if (verdict.kind === 'clean') return verdict;
  const { kind, reason } = verdict;
  return { kind, reason: `${kind === 'held' ? 'for' : 'by'} the scanner: ${reason}` };
}
