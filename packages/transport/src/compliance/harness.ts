// What the suite needs of whoever wants a transport tested. It knows no platform and no kind of address.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock, PeerAddress } from '@shoal/base';
import type { Channel, ChannelHandlers } from '../channel.ts';
import type { TransportError } from '../errors.ts';
import type { Accepted, ChannelListener, ListenOptions, Transport } from '../transport.ts';

export interface TransportPair {
  readonly dialler: Transport;
  readonly acceptor: Transport;
  readonly clock: Clock;
  /** Where the acceptor can listen, so that the dialler reaches it. */
  readonly listenOptions: ListenOptions;
  /** Nobody listens there. */
  readonly deadAddress: PeerAddress;
  /** Resolves as `promise` does; a simulator runs its events meanwhile. */
  settle<Value>(promise: Promise<Value>): Promise<Value>;
  close(): Promise<void>;
}

export type TransportTest = (sentence: string, body: (pair: TransportPair) => Promise<void>) => void;

export function transportTest(makePair: () => Promise<TransportPair>): TransportTest {
  return (sentence, body) => {
    test(sentence, async () => {
      const pair = await makePair();
      try {
        await pair.settle(body(pair));
      } finally {
        await pair.close();
      }
    });
  };
}

export const infoHash: Uint8Array = new Uint8Array(20).fill(0xab);
/** The first bytes of a BitTorrent handshake, which is how a transport knows one in the clear. */
export const hello: Uint8Array = new TextEncoder().encode('\x13BitTorrent protocol, and what follows it');
export const answer: Uint8Array = new TextEncoder().encode('an answer');

/** Keeps what a channel tells, and lets a test wait for a state of it instead of a time. */
export class ChannelRecorder implements ChannelHandlers {
  readonly channel: Channel;
  received: Uint8Array[] = [];
  receivedBytes = 0;
  drains = 0;
  closes = 0;
  closeError: TransportError | undefined;
  onData: (() => void) | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(channel: Channel) {
    this.channel = channel;
  }

  start(): this {
    this.channel.start(this);
    return this;
  }

  data(bytes: Uint8Array): void {
    assert.equal(this.closes, 0, 'data after close');
    assert.ok(bytes.length > 0, 'empty data');
    this.received.push(bytes.slice());
    this.receivedBytes += bytes.length;
    this.onData?.();
    this.changed();
  }

  drain(): void {
    assert.equal(this.closes, 0, 'drain after close');
    this.drains++;
    this.changed();
  }

  close(error?: TransportError): void {
    this.closes++;
    this.closeError = error;
    this.changed();
  }

  get bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.received));
  }

  /** For conditions that change outside of the handlers. */
  changed(): void {
    for (const check of this.#waiting) check();
  }

  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!condition()) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }

  untilBytes(count: number): Promise<void> {
    return this.until(() => this.receivedBytes >= count);
  }

  untilClosed(): Promise<void> {
    return this.until(() => this.closes > 0);
  }
}

export interface Connected {
  readonly dialled: ChannelRecorder;
  readonly accepted: ChannelRecorder;
  readonly listener: ChannelListener;
}

/** Listens, and answers the hello of everybody who dials. */
export async function listening(
  pair: TransportPair,
  accept: (accepted: Accepted) => void,
): Promise<{ readonly listener: ChannelListener; readonly address: PeerAddress }> {
  pair.acceptor.serve(infoHash);
  const listener = await pair.acceptor.listen(pair.listenOptions, accept);
  const address = listener.addresses[0];
  assert.ok(address);
  return { listener, address };
}

/** Two started channels, their hello and answer already read. */
export async function connect(pair: TransportPair): Promise<Connected> {
  const channels: Channel[] = [];
  const { listener, address } = await listening(pair, ({ channel }) => {
    channels.push(channel);
    channel.write(answer.slice());
  });
  const dialled = new ChannelRecorder(await pair.dialler.dial(address, { infoHash, hello })).start();
  await dialled.untilBytes(answer.length);
  const [channel] = channels;
  assert.ok(channel);
  const accepted = new ChannelRecorder(channel).start();
  await accepted.untilBytes(hello.length);
  assert.deepEqual(dialled.bytes, answer);
  assert.deepEqual(accepted.bytes, hello);
  for (const recorder of [dialled, accepted]) {
    recorder.received = [];
    recorder.receivedBytes = 0;
  }
  return { dialled, accepted, listener };
}

/** Both ways round: dialled to accepted, and accepted to dialled. */
export async function bothWays(
  pair: TransportPair,
  body: (from: ChannelRecorder, to: ChannelRecorder) => Promise<void>,
): Promise<void> {
  for (const turned of [false, true]) {
    const { dialled, accepted, listener } = await connect(pair);
    await (turned ? body(accepted, dialled) : body(dialled, accepted));
    dialled.channel.close();
    accepted.channel.close();
    await listener.close();
  }
}

/** Bytes that differ from place to place, so that a lost or doubled run shows. */
export function pattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}
