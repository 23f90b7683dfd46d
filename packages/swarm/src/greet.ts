// The first 68 bytes of a channel (BEP 3), on both sides; then the channel is handed on with what came after them.
// Invariant: `done` is called exactly once; if it names nobody who takes over, the channel is closed.

import type { Clock } from '@shoal/base';
import type { Channel, ChannelHandlers, TransportError } from '@shoal/transport';
import {
  createHandshakeReader,
  type Handshake,
  handshakeLength,
  WireError,
  writeHandshake,
} from '@shoal/wire';
import { handshakeMs } from './bounds.ts';
import type { Leave } from './errors.ts';

/** Who takes the channel over; told of its bytes from `data` on. */
export type Successor = Pick<ChannelHandlers, 'data' | 'close'> & { ready(): void };

export interface GreetOptions {
  readonly channel: Channel;
  readonly clock: Clock;
  /** What we answer, on a channel that was accepted; a reason when we do not. Where we dialled, we have spoken already. */
  answer?(theirs: Handshake): Handshake | Leave;
  done(theirs: Handshake): Successor | Leave;
  failed(reason: Leave): void;
}

export function greet(options: GreetOptions): void {
  const { channel, clock } = options;
  const reader = createHandshakeReader();
  const relay = new Relay(shake, (error) =>
    fail({
      code: 'closed',
      message: error?.message ?? 'the peer closed before its handshake',
      isBan: false,
    }),
  );
  let isOver = false;
  let hasFailed = false;
  let isAnswering = false;

  const timer = clock.setTimer(handshakeMs, () =>
    fail({ code: 'silent', message: 'no handshake came in time', isBan: false }),
  );

  function fail(reason: Leave): void {
    if (isOver) return;
    isOver = true;
    hasFailed = true;
    timer.cancel();
    // Our answer leaves first: who gets none takes it that we want another kind of connection, and dials again.
    if (!isAnswering) channel.close();
    options.failed(reason);
  }

  channel.start(relay);

  function shake(bytes: Uint8Array): void {
    if (isOver) return;
    let taken: number;
    try {
      taken = reader.push(bytes);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      fail({ code: 'not-bittorrent', message: error.message, isBan: false });
      return;
    }
    const theirs = reader.handshake;
    if (theirs === undefined) return;
    if (options.answer !== undefined) {
      const answer = options.answer(theirs);
      if ('code' in answer) {
        fail(answer);
        return;
      }
      isAnswering = true;
      channel.write(handshakeBytes(answer), () => {
        isAnswering = false;
        if (hasFailed) channel.close();
      });
    }
    const next = options.done(theirs);
    if ('code' in next) {
      fail(next);
      return;
    }
    isOver = true;
    timer.cancel();
    relay.next = next;
    next.ready();
    if (taken < bytes.length) next.data(bytes.subarray(taken));
  }
}

/** A connection lives for hours: what greeted it is let go of when its successor takes over. */
class Relay implements ChannelHandlers {
  next: Pick<ChannelHandlers, 'data' | 'close'>;

  constructor(data: ChannelHandlers['data'], close: ChannelHandlers['close']) {
    this.next = { data, close };
  }

  data(bytes: Uint8Array): void {
    this.next.data(bytes);
  }

  drain(): void {}

  close(error?: TransportError): void {
    this.next.close(error);
  }
}

export function handshakeBytes(handshake: Handshake): Uint8Array {
  const bytes = new Uint8Array(handshakeLength);
  writeHandshake(bytes, 0, handshake);
  return bytes;
}
