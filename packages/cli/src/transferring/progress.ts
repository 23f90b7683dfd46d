// What a running transfer tells: progress at most twice a second, peers that were let go for a reason, trouble.

import type { Transfer } from '@shoal/swarm';
import type { Output } from '../output.ts';
import type { ProgressBoard } from '../progress.ts';

const intervalMs = 500;

/** Returns what ends it. */
export function showProgress(transfer: Transfer, output: Output, board: ProgressBoard): () => void {
  let lastBytes = -1;
  function tell(): void {
    const { bytes, total, peers, downloadBytesPerSecond, uploadBytesPerSecond } = transfer.progress;
    const rate = Math.round(downloadBytesPerSecond);
    if (!transfer.isComplete && transfer.state !== 'checking') {
      if (output.json && (bytes !== lastBytes || rate > 0))
        output.event({ event: 'progress', ...named(transfer), bytes, total, rate, peers });
      lastBytes = bytes;
    }
    const { isComplete, name, state } = transfer;
    const doing = isComplete ? 'sharing' : state === 'fetching' ? undefined : words[state];
    board.show(transfer, {
      name,
      ...(doing !== undefined && { doing }),
      bytes,
      total,
      rate,
      ...(isComplete && { upRate: uploadBytesPerSecond }),
      peers,
    });
  }
  const timer = setInterval(tell, intervalMs);
  const stopListening = transfer.subscribe((event) => {
    if (event.kind === 'state' && event.state === 'disk-full')
      output.event(
        { event: 'waiting', ...named(transfer), reason: 'disk-full' },
        `${transfer.name}: the disk is full. It goes on when there is room.`,
      );
    if (event.kind === 'web-seed' && event.reason !== undefined) {
      const { url, state, reason } = event;
      output.event({ event: 'web-seed', ...named(transfer), url, state, reason }, `${url}: ${reason}`);
    }
    if (event.kind === 'peer-left' && event.reason.isBan) {
      const { address, port } = event.address;
      const { message: reason } = event.reason;
      output.event(
        { event: 'banned', ...named(transfer), peer: `${address}:${port}`, reason },
        `let go of ${address}:${port}: ${reason}`,
      );
    }
  });
  return () => {
    clearInterval(timer);
    stopListening();
    board.show(transfer, undefined);
  };
}

const words = {
  metadata: 'asking for metadata',
  checking: 'looking at what is there',
  fetching: 'fetching',
  sharing: 'sharing',
  'disk-full': 'waiting for room on the disk',
  queued: 'waiting for its turn',
  paused: 'paused',
  failed: 'failed',
  stopped: 'stopped',
} as const;

function named(transfer: Transfer): { readonly name: string } {
  return { name: transfer.name };
}
