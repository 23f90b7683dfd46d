// What each connection needs every half second: its rates, a keep-alive, and an end when it is silent, does not read, or
// does not send what it was asked for.

import * as bound from './bounds.ts';
import { type Peer, readsNothing } from './peer.ts';

export function careFor(peer: Peer, nowMs: number): void {
  peer.fromIt.tick(nowMs);
  peer.toIt.tick(nowMs);
  peer.nuisance = Math.max(0, peer.nuisance - (bound.nuisancePerSecond * bound.tickMs) / 1000);
  // Nothing that can wait waits for longer.
  peer.outbox.flush();
  if (peer.outbox.flushes !== peer.countedFlushes) peer.lastSaidMs = nowMs;
  peer.countedFlushes = peer.outbox.flushes;
  const writingSinceMs = peer.channel.stuckSinceMs ?? peer.writingSinceMs;
  const writingMs = writingSinceMs === undefined ? 0 : nowMs - writingSinceMs;
  // It may have spoken: we do not listen.
  if (peer.channel.isStopped) peer.lastHeardMs = nowMs;
  if (nowMs - peer.lastHeardMs > bound.silenceMs)
    peer.leave({ code: 'silent', message: 'it said nothing for minutes', isBan: false });
  else if (writingMs > bound.slowReaderMs || peer.outbox.pendingBytes > bound.longestBacklog)
    peer.leave(readsNothing);
  else if (peer.isSnubbing && nowMs - peer.snubbingSinceMs > bound.snubbedMs)
    peer.leave({ code: 'snubbed', message: 'it does not send what it was asked for', isBan: false });
  else if (nowMs - peer.lastSaidMs > bound.keepAliveMs) peer.outbox.keepAlive();
}
