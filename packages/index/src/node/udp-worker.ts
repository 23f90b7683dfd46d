// One thread of udp-threads.ts.

import { parentPort, workerData } from 'node:worker_threads';
import { createNodeWorld } from '@shoal/base/node';
import { type HelperOrders, startUdpHelper } from '../udp-helper.ts';

const { orders, originMs }: { orders: HelperOrders; originMs: number } = workerData;
const countEveryMs = 1_000;

const port = parentPort;
if (port !== null) {
  const world = createNodeWorld({ hashWorkers: 1 });
  const helper = await startUdpHelper(world, orders, originMs - performance.timeOrigin, (batch) =>
    port.postMessage(batch),
  );
  port.on('message', (batch: Uint8Array) => helper.take(batch));
  setInterval(() => port.postMessage({ ...helper.counts }), countEveryMs);
  port.postMessage('ready');
}
