// Threads that check signatures, for a catalogue that is taken from elsewhere: one signature takes a tenth of a millisecond.

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { SignatureThreads } from '../catalogue/signatures.ts';
import { IndexError } from '../errors.ts';

const mostThreads = 4;
/** Records in one message. */
const atOnce = 250;

export interface Unchecked {
  readonly id: number;
  /** Each record, and after it its key. */
  readonly bytes: Uint8Array;
  /** Where each record ends. */
  readonly ends: Uint32Array;
}

export interface Checked {
  readonly id: number;
  /** 1 for what is signed. */
  readonly isGood: Uint8Array;
}

interface Waiting {
  resolve(isGood: Uint8Array): void;
  reject(error: IndexError): void;
}

export function startSignatureThreads(): SignatureThreads {
  const waiting = new Map<number, Waiting>();
  let failure: IndexError | undefined;
  let next = 0;
  const fail = (cause: unknown): void => {
    failure ??= new IndexError('unavailable', 'A thread that checks signatures has ended.', { cause });
    for (const one of waiting.values()) one.reject(failure);
    waiting.clear();
  };
  const workers = Array.from({ length: Math.min(mostThreads, availableParallelism()) }, () => {
    const worker = new Worker(new URL('./signature-worker.ts', import.meta.url), { execArgv: [] });
    worker.on('error', fail);
    worker.on('exit', fail);
    worker.on('message', ({ id, isGood }: Checked) => {
      waiting.get(id)?.resolve(isGood);
      waiting.delete(id);
    });
    return worker;
  });
  return {
    async check(records) {
      const answers: Promise<Uint8Array>[] = [];
      for (let at = 0; at < records.length; at += atOnce) {
        const some = records.slice(at, at + atOnce);
        const ends = new Uint32Array(some.length);
        const bytes = new Uint8Array(some.reduce((sum, one) => sum + one.bytes.length + one.key.length, 0));
        let end = 0;
        for (const [i, one] of some.entries()) {
          bytes.set(one.bytes, end);
          end += one.bytes.length;
          ends[i] = end;
          bytes.set(one.key, end);
          end += one.key.length;
        }
        const id = next++;
        answers.push(
          new Promise((resolve, reject) => {
            if (failure !== undefined) {
              reject(failure);
              return;
            }
            waiting.set(id, { resolve, reject });
            const question: Unchecked = { id, bytes, ends };
            workers[id % workers.length]?.postMessage(question, [bytes.buffer]);
          }),
        );
      }
      return (await Promise.all(answers)).flatMap((isGood) => Array.from(isGood, (one) => one === 1));
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
