// Metadata (BEP 9): given to those who ask, and fetched from several peers at once, each of which gives all of it.
// Invariant: metadata is believed only if it hashes to what the link says; a peer whose metadata does not, is a liar.

import {
  decodeMetadataMessage,
  encodeMetadataMessage,
  MetadataAsker,
  MetadataGiver,
  WireError,
} from '@shoal/wire';
import { answerMs, metadataAskers, metadataRestMs } from './bounds.ts';
import type { Peer } from './peer.ts';

export interface MetadataExchangeOptions {
  readonly peers: ReadonlySet<Peer>;
  /** The info dictionary, once we have it. */
  readonly info: () => Uint8Array | undefined;
  /** We have none, and need it. */
  readonly isWanted: () => boolean;
  /** All of it came; false when it is not what the link says. */
  take(info: Uint8Array): boolean;
  readonly nowMs: () => number;
}

export class MetadataExchange {
  readonly #o: MetadataExchangeOptions;
  /** Twice as long each time, so that a slow but honest peer gets to the end. */
  #patienceMs = answerMs;

  constructor(options: MetadataExchangeOptions) {
    this.#o = options;
  }

  received(peer: Peer, payload: Uint8Array): void {
    const message = decodeMetadataMessage(payload);
    if (message === undefined) return;
    if (message.kind === 'request') {
      peer.annoy();
      const { extension } = peer;
      const info = this.#o.info();
      if (info !== undefined) extension.giver ??= new MetadataGiver(info);
      const { piece } = message;
      const answer = extension.giver?.answer(piece) ?? { kind: 'reject', piece };
      const id = extension.ids.get('ut_metadata') ?? 0;
      if (id !== 0) peer.outbox.extended(id, encodeMetadataMessage(answer));
      return;
    }
    const { asker } = peer.extension;
    if (asker === undefined) {
      peer.annoy(10);
      return;
    }
    if (message.kind === 'reject') {
      asker.refused(message.piece);
      if (asker.isRefused) this.#giveUp(peer);
      return;
    }
    try {
      asker.take(message);
    } catch (error) {
      // It may be the late answer to what was asked before it was given up, and then asked again.
      const isLate = error instanceof WireError && error.code === 'metadata-unrequested';
      if (!isLate || peer.extension.gaveUpAtMs === Number.NEGATIVE_INFINITY) throw error;
      peer.annoy(10);
      return;
    }
    peer.extension.askedAtMs = this.#o.nowMs();
    const { metadata } = asker;
    if (metadata === undefined) this.#ask(peer, asker);
    else {
      peer.extension.asker = undefined;
      if (!this.#o.take(metadata))
        peer.leave({ code: 'lied', message: 'its metadata is not what the link says', isBan: true });
    }
  }

  /** Asks whoever can be asked. One that gives little by little has to make room while others wait. */
  tick(): void {
    if (this.#o.info() !== undefined || !this.#o.isWanted()) return;
    const nowMs = this.#o.nowMs();
    let doOthersWait = false;
    for (const peer of this.#o.peers) if (this.#mayAsk(peer, nowMs)) doOthersWait = true;
    let asked = 0;
    for (const peer of this.#o.peers) {
      const { extension } = peer;
      if (extension.asker === undefined) continue;
      const isLate = doOthersWait && nowMs - extension.askedFirstAtMs > this.#patienceMs;
      if (isLate) this.#patienceMs *= 2;
      if (isLate || nowMs - extension.askedAtMs > answerMs) this.#giveUp(peer);
      else asked++;
    }
    for (const peer of this.#o.peers) {
      if (asked >= metadataAskers) return;
      const { extension } = peer;
      if (extension.metadataSize === undefined || !this.#mayAsk(peer, nowMs)) continue;
      asked++;
      try {
        extension.asker = new MetadataAsker(extension.metadataSize);
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        extension.metadataSize = undefined;
        continue;
      }
      extension.askedFirstAtMs = nowMs;
      extension.askedAtMs = nowMs;
      this.#ask(peer, extension.asker);
    }
  }

  #mayAsk({ extension }: Peer, nowMs: number): boolean {
    return (
      extension.asker === undefined &&
      extension.metadataSize !== undefined &&
      (extension.ids.get('ut_metadata') ?? 0) !== 0 &&
      nowMs - extension.gaveUpAtMs > metadataRestMs
    );
  }

  #ask(peer: Peer, asker: MetadataAsker): void {
    const id = peer.extension.ids.get('ut_metadata') ?? 0;
    for (let piece = asker.next(); piece !== undefined; piece = asker.next())
      peer.outbox.extended(id, encodeMetadataMessage({ kind: 'request', piece }));
  }

  /** It is asked again later: what kept it from answering may have passed. */
  #giveUp({ extension }: Peer): void {
    extension.asker = undefined;
    extension.gaveUpAtMs = this.#o.nowMs();
  }
}
