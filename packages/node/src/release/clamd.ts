// A ClamAV daemon, asked over its stream protocol: `zINSTREAM\0`, chunks with their length before them, an empty one, and
// then its answer, which ends in a zero byte (clamd(8)). An answer counts only after all bytes were sent and when it is whole.

import { connect, type Socket } from 'node:net';
import { type Clock, type Disk, type DiskFile, WorldError } from '@shoal/base';
import { longestScanAnswer, scanChunkBytes } from '../bounds.ts';
import { clean, lineOf, type Verdict } from './verdict.ts';

export interface ClamdParts {
  readonly disk: Disk;
  readonly clock: Clock;
  /** HOST:PORT, or the absolute path of a socket. */
  readonly where: string;
  /** It may take no bytes, or not answer, for so long. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

/** Rejects only when the file cannot be read. */
export async function askClamd(path: string, parts: ClamdParts): Promise<Verdict> {
  const file = await parts.disk.open(path);
  try {
    return await new Asking(file, parts).verdict;
  } finally {
    await file.close();
  }
}

/** What the daemon's answer means. */
export function readAnswer(answer: string): Verdict {
  if (answer === 'stream: OK') return clean;
  const found = /^stream: (\S.*) FOUND$/.exec(answer);
  if (found?.[1] !== undefined) return { kind: 'refused', reason: lineOf(found[1]) };
  const said = lineOf(answer);
  return said.endsWith(' ERROR')
    ? { kind: 'held', reason: `the scanner says: ${said}` }
    : { kind: 'held', reason: `the scanner says nothing that is an answer: ${JSON.stringify(said)}` };
}

class Asking {
  readonly verdict: Promise<Verdict>;
  readonly #parts: ClamdParts;
  readonly #socket: Socket;
  readonly #end: (verdict: Verdict) => void;
  readonly #fail: (error: unknown) => void;
  #heard = Buffer.alloc(0);
  #hasSentAll = false;
  #timer: { cancel(): void };

  constructor(file: DiskFile, parts: ClamdParts) {
    this.#parts = parts;
    const { promise, resolve, reject } = Promise.withResolvers<Verdict>();
    this.#end = resolve;
    this.#fail = reject;
    this.#timer = parts.clock.setTimer(parts.patienceMs, this.#late);
    const socket = connect(targetOf(parts.where));
    this.#socket = socket;
    const stop = () => this.#hold('it was not waited for');
    parts.signal.addEventListener('abort', stop);
    socket.on('data', (bytes) => this.#hear(typeof bytes === 'string' ? Buffer.from(bytes) : bytes));
    socket.on('error', (error) => this.#hold(`the scanner cannot be asked: ${lineOf(error.message)}`));
    socket.on('close', () => this.#hold('the scanner hung up without an answer'));
    socket.once('connect', () => void this.#send(file).catch(this.#fail));
    // The file stays open until nobody reads it any more.
    this.verdict = promise.finally(() => {
      parts.signal.removeEventListener('abort', stop);
      this.#timer.cancel();
      socket.destroy();
    });
    if (parts.signal.aborted) stop();
  }

  async #send(file: DiskFile): Promise<void> {
    const { length } = await file.stat();
    await this.#write(new TextEncoder().encode('zINSTREAM\0'));
    for (let position = 0; position < length; ) {
      if (this.#socket.destroyed) return;
      const chunk = new Uint8Array(4 + Math.min(scanChunkBytes, length - position));
      const read = await file.read([chunk.subarray(4)], position);
      if (read !== chunk.length - 4) throw new WorldError('io', 'the file became shorter while it was read');
      new DataView(chunk.buffer).setUint32(0, read);
      await this.#write(chunk);
      position += read;
    }
    this.#hasSentAll = true;
    await this.#write(new Uint8Array(4));
  }

  /** Resolves when the system has taken it, or nobody will. */
  #write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.write(bytes, () => {
        this.#patient();
        resolve();
      });
    });
  }

  #hear(bytes: Uint8Array): void {
    this.#heard = Buffer.concat([this.#heard, bytes]);
    const end = this.#heard.indexOf(0);
    if (end < 0 && this.#heard.length <= longestScanAnswer) return;
    if (end < 0 || end > longestScanAnswer || end < this.#heard.length - 1) {
      this.#hold('the scanner says more than an answer');
      return;
    }
    const verdict = readAnswer(this.#heard.toString('utf8', 0, end));
    // A yes to what it has not seen is none.
    if (verdict.kind === 'clean' && !this.#hasSentAll)
      this.#hold('the scanner answered before it had the whole file');
    else this.#end(verdict);
  }

  #patient(): void {
    this.#timer.cancel();
    if (!this.#socket.destroyed) this.#timer = this.#parts.clock.setTimer(this.#parts.patienceMs, this.#late);
  }

  readonly #late = (): void => this.#hold('the scanner does not answer');

  #hold(reason: string): void {
    this.#end({ kind: 'held', reason });
  }
}

function targetOf(where: string): { path: string } | { host: string; port: number } {
  if (where.startsWith('/')) return { path: where };
  const at = where.lastIndexOf(':');
  return { host: where.slice(0, at).replace(/^\[(.*)\]$/, '$1'), port: Number(where.slice(at + 1)) };
}
