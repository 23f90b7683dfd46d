// Runs a greeting over a stream and makes a channel of it. The stream is destroyed whenever this fails.

import { type Clock, noBytes, type Stream, type StreamHandlers, type WorldError } from '@shoal/base';
import { WireError } from '@shoal/wire';
import { handshakeTimeoutMs } from '../bounds.ts';
import type { Channel } from '../channel.ts';
import { TransportError } from '../errors.ts';
import type { Greeting } from './greeting.ts';
import { StreamChannel } from './stream-channel.ts';

export interface GreetOptions {
  readonly clock: Clock;
  readonly isIncoming: boolean;
  readonly signal?: AbortSignal;
}

/** Rejects with a TransportError. */
export function greet(stream: Stream, greeting: Greeting, options: GreetOptions): Promise<Channel> {
  return new Promise((resolve, reject) => {
    const { clock, isIncoming, signal } = options;
    const timer = clock.setTimer(handshakeTimeoutMs, () =>
      fail(new TransportError('timeout', 'The peer did not answer in time.')),
    );
    const onAbort = (): void => fail(abortedError(signal));
    let isSettled = false;

    /** True for the first caller. */
    function settle(): boolean {
      if (isSettled) return false;
      isSettled = true;
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
      return true;
    }

    function fail(error: TransportError): void {
      if (!settle()) return;
      stream.destroy();
      reject(error);
    }

    const relay = new Relay({
      data(bytes) {
        if (isSettled) return;
        let answer = noBytes;
        try {
          answer = greeting.push(bytes);
        } catch (error) {
          if (error instanceof TransportError) return fail(error);
          if (!(error instanceof WireError)) throw error;
          return fail(new TransportError('handshake-failed', error.message, { cause: error }));
        }
        if (answer.length > 0) stream.write(answer);
        const { outcome } = greeting;
        if (outcome === undefined || !settle()) return;
        stream.pause();
        const { ciphers, received } = outcome;
        const channel = new StreamChannel({
          stream,
          isIncoming,
          ciphers,
          received,
          clock,
        });
        relay.next = channel.streamHandlers;
        resolve(channel);
      },
      end() {
        fail(new TransportError('handshake-closed', 'The peer hung up instead of answering.'));
      },
      drain() {},
      close(error) {
        fail(
          new TransportError('handshake-closed', 'The connection broke before the peer had answered.', {
            ...(error === undefined ? {} : { cause: error }),
          }),
        );
      },
    });
    if (signal?.aborted) return onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    stream.start(relay);
    if (greeting.opening.length > 0) stream.write(greeting.opening);
  });
}

/** A connection lives for hours: what greeted it is let go of when the channel takes over. */
class Relay implements StreamHandlers {
  next: StreamHandlers;

  constructor(first: StreamHandlers) {
    this.next = first;
  }

  data(bytes: Uint8Array): void {
    this.next.data(bytes);
  }

  end(): void {
    this.next.end();
  }

  drain(): void {
    this.next.drain();
  }

  close(error?: WorldError): void {
    this.next.close(error);
  }
}

export function abortedError(signal: AbortSignal | undefined): TransportError {
  return new TransportError('aborted', 'Dialling was called off.', { cause: signal?.reason });
}
