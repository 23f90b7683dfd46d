// Trackers over UDP (BEP 15): one socket a family for all of them, opened when first needed. An answer counts only
// from the address that was asked, with the random transaction number of an open question.

import {
  type Clock,
  type DatagramSocket,
  type Datagrams,
  type Endpoint,
  type IpFamily,
  type Random,
  type Timer,
  WorldError,
} from '@shoal/base';
import { connectionIdMs, udpAttempts, udpFirstTimeoutMs } from './bounds.ts';
import { encodeUdpRequest, parseUdpAnswer, type UdpAnswer, type UdpRequest } from './codec/udp.ts';
import { TrackerError } from './errors.ts';

export interface UdpParts {
  readonly datagrams: Datagrams;
  readonly clock: Clock;
  readonly random: Random;
}

/** What is asked, before it has a transaction number and a connection id. */
type Question = (transaction: number, connectionId: bigint) => UdpRequest;

interface OpenQuestion {
  readonly to: Endpoint;
  readonly answer: (answer: UdpAnswer) => void;
  readonly fail: (error: TrackerError) => void;
}

export class UdpTrackers {
  readonly #parts: UdpParts;
  readonly #sockets = new Map<IpFamily, Promise<DatagramSocket>>();
  readonly #open = new Map<number, OpenQuestion>();
  readonly #connections = new Map<string, { readonly id: bigint; readonly untilMs: number }>();
  #isClosed = false;

  constructor(parts: UdpParts) {
    this.#parts = parts;
  }

  /** Rejects with a TrackerError. The answer has the kind that was asked for. */
  async ask<Kind extends 'announce' | 'scrape'>(
    kind: Kind,
    to: Endpoint,
    family: IpFamily,
    question: Question,
    signal?: AbortSignal,
  ): Promise<UdpAnswer & { kind: Kind }> {
    for (let round = 0; ; round++) {
      const { id, isFresh } = await this.#connect(to, family, signal);
      const answer = await this.#exchange(to, family, (transaction) => question(transaction, id), signal);
      if (isKind(answer, kind)) return answer;
      this.#connections.delete(keyOf(to));
      // An id from earlier may have run out at the tracker: once more with a new one.
      if (answer.kind === 'error' && (isFresh || round > 0)) {
        throw new TrackerError('failure', `The tracker refused: ${answer.message}`);
      }
      if (round > 0)
        throw new TrackerError('malformed', 'The tracker answered something that was not asked.');
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { fail } of [...this.#open.values()])
      fail(new TrackerError('aborted', 'The node is stopping.'));
    for (const socket of this.#sockets.values()) await socket.then((open) => open.close()).catch(() => {});
    this.#sockets.clear();
  }

  async #connect(
    to: Endpoint,
    family: IpFamily,
    signal?: AbortSignal,
  ): Promise<{ id: bigint; isFresh: boolean }> {
    const known = this.#connections.get(keyOf(to));
    const nowMs = this.#parts.clock.nowMs();
    if (known !== undefined && known.untilMs > nowMs) return { id: known.id, isFresh: false };
    const answer = await this.#exchange(
      to,
      family,
      (transaction) => ({ kind: 'connect', transaction }),
      signal,
    );
    if (answer.kind === 'error') throw new TrackerError('failure', `The tracker refused: ${answer.message}`);
    if (answer.kind !== 'connect')
      throw new TrackerError('malformed', 'The tracker answered something that was not asked.');
    for (const [key, { untilMs }] of this.#connections) if (untilMs <= nowMs) this.#connections.delete(key);
    this.#connections.set(keyOf(to), { id: answer.connectionId, untilMs: nowMs + connectionIdMs });
    return { id: answer.connectionId, isFresh: true };
  }

  async #exchange(
    to: Endpoint,
    family: IpFamily,
    question: (transaction: number) => UdpRequest,
    signal?: AbortSignal,
  ): Promise<UdpAnswer> {
    const socket = await this.#socket(family);
    if (signal?.aborted || this.#isClosed) throw new TrackerError('aborted', 'The question was given up.');
    const transaction = this.#freeTransaction();
    const bytes = encodeUdpRequest(question(transaction));
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined;
      const settle = (finish: () => void) => {
        timer?.cancel();
        signal?.removeEventListener('abort', abort);
        this.#open.delete(transaction);
        finish();
      };
      const abort = () => settle(() => reject(new TrackerError('aborted', 'The question was given up.')));
      const send = (attempt: number) => {
        if (attempt >= udpAttempts) {
          settle(() =>
            reject(
              new TrackerError('timeout', `${to.address} did not answer ${udpAttempts} questions over UDP.`),
            ),
          );
          return;
        }
        socket.send(bytes, to);
        timer = this.#parts.clock.setTimer(udpFirstTimeoutMs * 2 ** attempt, () => send(attempt + 1));
      };
      this.#open.set(transaction, {
        to,
        answer: (answer) => settle(() => resolve(answer)),
        fail: (error) => settle(() => reject(error)),
      });
      signal?.addEventListener('abort', abort, { once: true });
      send(0);
    });
  }

  #freeTransaction(): number {
    for (;;) {
      const transaction = this.#parts.random.below(2 ** 32);
      if (!this.#open.has(transaction)) return transaction;
    }
  }

  #socket(family: IpFamily): Promise<DatagramSocket> {
    const open = this.#sockets.get(family);
    if (open !== undefined) return open;
    const opening = this.#parts.datagrams
      .bind(
        { address: family === 4 ? '0.0.0.0' : '::', port: 0 },
        {
          message: (bytes, from) => this.#receive(bytes, from, family),
          close: () => {
            if (this.#sockets.get(family) === opening) this.#sockets.delete(family);
          },
        },
      )
      .catch((cause: unknown) => {
        this.#sockets.delete(family);
        const reason = cause instanceof WorldError ? cause.message : String(cause);
        throw new TrackerError('unreachable', `No socket for UDP trackers: ${reason}`, { cause });
      });
    this.#sockets.set(family, opening);
    return opening;
  }

  #receive(bytes: Uint8Array, from: Endpoint, family: IpFamily): void {
    const answer = parseUdpAnswer(bytes, family);
    const question = answer === undefined ? undefined : this.#open.get(answer.transaction);
    if (answer === undefined || question === undefined) return;
    if (question.to.address !== from.address || question.to.port !== from.port) return;
    question.answer(answer);
  }
}

function isKind<Kind extends UdpAnswer['kind']>(
  answer: UdpAnswer,
  kind: Kind,
): answer is UdpAnswer & { kind: Kind } {
  return answer.kind === kind;
}

function keyOf({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}
