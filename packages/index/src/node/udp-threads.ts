// Threads that answer at an index's UDP port beside the first one.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Index } from '../create-index.ts';
import { IndexError } from '../errors.ts';

export interface UdpThreads {
  close(): Promise<void>;
}

/** The index must have been made with `balanced`. Rejects with an IndexError when a thread cannot start. */
export async function startUdpThreads(
  index: Index,
  count: number,
  failed: (error: unknown) => void,
): Promise<UdpThreads> {
  const workers: Worker[] = [];
  const closing: (() => void)[] = [];
  async function close(): Promise<void> {
    for (const end of closing) end();
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  try {
    for (let i = 0; i < count; i++) {
      const worker = new Worker(new URL('./udp-worker.ts', import.meta.url), {
        workerData: { orders: index.helperOrders, originMs: performance.timeOrigin },
        execArgv: [],
      });
      workers.push(worker);
      await once(worker, 'message');
      const link = index.share((batch) => worker.postMessage(batch));
      closing.push(() => link.close());
      worker.on('message', (message: unknown) => {
        if (message instanceof Uint8Array) link.take(message);
        else index.addCounts(i, message);
      });
      worker.on('error', (error) => {
        link.close();
        failed(error);
      });
    }
  } catch (cause) {
    await close();
    throw new IndexError('unavailable', 'A thread for UDP could not start.', { cause });
  }
  return { close };
}
