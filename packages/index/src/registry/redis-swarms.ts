// The same swarms in several processes: each adds what it hears to a stream in Redis or Valkey, and reads what the others
// add. Invariant: the stream is bounded; without Redis each process goes on with what it hears itself, and who announced
// to another one is known again at its next announce at the latest.

import type { Random, Timer } from '@shoal/base';
import { toHex, toLatin1 } from '@shoal/base';
import type { Link } from '../sharing.ts';
import { batchesRead, maxSharedBatches, sharedForMs, shareEveryMs } from './bounds.ts';
import { Redis, type RedisParts } from './redis.ts';
import { RespError, type RespValue } from './resp.ts';

export interface SharedSwarms {
  close(): Promise<void>;
}

const stream = 'shoal:swarms';

/** `share` is an index's: it takes where to post batches, and returns where to give those that come. */
export function shareSwarmsOverRedis(
  parts: RedisParts & { readonly random: Random },
  url: string,
  share: (post: (batch: Uint8Array) => void) => Link,
  failed: (error: unknown) => void,
): SharedSwarms {
  const redis = new Redis(parts, url, async () => {});
  const name = new Uint8Array(8);
  parts.random.fill(name);
  const self = toHex(name);
  let isClosed = false;
  let isFailing = false;
  let timer: Timer | undefined;
  let after: string | undefined;
  let reading: Promise<void> = Promise.resolve();

  async function ask(words: readonly (string | number | Uint8Array)[]): Promise<RespValue> {
    const answer = await redis.ask(words);
    if (answer instanceof RespError) throw new Error(`Redis refused: ${answer.message}`);
    return answer;
  }

  /** Told once for each time that it begins to fail. */
  async function attempt(what: () => Promise<void>): Promise<void> {
    try {
      await what();
      isFailing = false;
    } catch (error) {
      if (!isFailing && !isClosed) failed(error);
      isFailing = true;
    }
  }

  // What is known from before is left out: the others know it, and told once more it would seem to be new.
  let isTelling = false;
  const link = share((batch) => {
    if (!isTelling) return;
    void attempt(async () => {
      await ask(['XADD', stream, 'MAXLEN', '~', maxSharedBatches, '*', 'by', self, 'batch', batch]);
    });
  });

  isTelling = true;

  async function read(): Promise<void> {
    after ??= await beginning();
    for (;;) {
      const answer = await ask(['XREAD', 'COUNT', batchesRead, 'STREAMS', stream, after]);
      const entries = entriesOf(answer);
      for (const { id, by, batch } of entries) {
        after = id;
        if (by !== self) link.take(batch);
      }
      if (entries.length < batchesRead) return;
    }
  }

  /** What was heard before this process was there is of use as long as those peers are. */
  async function beginning(): Promise<string> {
    const time = await ask(['TIME']);
    const [seconds] = Array.isArray(time) ? time : [];
    const nowMs = 1000 * Number(textOf(seconds));
    return `${Math.max(0, nowMs - sharedForMs)}-0`;
  }

  function readOn(): void {
    if (isClosed) return;
    timer = parts.clock.setTimer(shareEveryMs, () => {
      reading = attempt(read).finally(readOn);
    });
  }

  readOn();
  return {
    async close() {
      isClosed = true;
      timer?.cancel();
      link.close();
      await reading;
      await redis.close();
    },
  };
}

interface Entry {
  readonly id: string;
  readonly by: string;
  readonly batch: Uint8Array;
}

/** `[[stream, [[id, [field, value …]] …]]]`, or null where there is nothing. What is no batch of ours is passed over. */
function entriesOf(answer: RespValue): Entry[] {
  const [found] = Array.isArray(answer) ? answer : [];
  const list = Array.isArray(found) ? found[1] : undefined;
  if (!Array.isArray(list)) return [];
  return list.map((entry) => {
    const [id, fields] = Array.isArray(entry) ? entry : [];
    const values = Array.isArray(fields) ? fields : [];
    const batch = values[3];
    return {
      id: textOf(id),
      by: textOf(values[1]),
      batch: batch instanceof Uint8Array ? batch : new Uint8Array(0),
    };
  });
}

function textOf(value: RespValue | undefined): string {
  if (value instanceof Uint8Array) return toLatin1(value);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
