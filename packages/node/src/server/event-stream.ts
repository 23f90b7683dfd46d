// Changes as server-sent events, to one listener for as long as it is there. One that reads slowly is sent nothing more
// until it has caught up, and then what changed meanwhile.

import type { Clock } from '@shoal/base';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { heartbeatMs } from '../bounds.ts';
import type { Feed, Subscription } from './feed.ts';

export function sendEvents(
  request: FastifyRequest,
  reply: FastifyReply,
  options: {
    readonly feed: Feed;
    readonly since: string | undefined;
    /** Whether what moves all the time comes as numbers. */
    readonly isShort: boolean;
    readonly clock: Clock;
  },
): void {
  const { feed, since, isShort, clock } = options;
  const { raw } = reply;
  const lastSeen = request.headers['last-event-id'];
  reply.hijack();
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-accel-buffering': 'no',
  });
  raw.write(': here is what changes\n\n');
  const begun: { subscription?: Subscription } = {};
  let timer = clock.setTimer(heartbeatMs, beat);
  function beat(): void {
    if (raw.writableNeedDrain) {
      // It has read nothing for as long.
      raw.destroy();
      return;
    }
    raw.write(':\n\n');
    timer = clock.setTimer(heartbeatMs, beat);
  }
  raw.on('drain', () => begun.subscription?.ready());
  raw.on('close', () => {
    timer.cancel();
    begun.subscription?.close();
  });
  raw.on('error', () => {});
  begun.subscription = feed.subscribe(typeof lastSeen === 'string' ? lastSeen : since, {
    isShort,
    send: (revision, event) =>
      raw.write(`event: ${event.kind}\nid: ${revision}\ndata: ${JSON.stringify(event)}\n\n`),
  });
}
