// Metadata (BEP 9): given to those who ask, and fetched from several peers at once, each of which gives all of it.
// Invariant: metadata is believed only if it hashes to what the link says; a peer whose metadata does not, is a liar.

import {
  decodeMetadataMessage,
  encodeMetadataMessage,
  MetadataAsker,
  MetadataGiver,
  WireError,
} from '@shoal/wire';
import { answerMs, metadataAskers } from './bounds.ts';
import type { Peer } from './peer.ts';

export interface MetadataExchangeOptions {
  readonly peers: ReadonlySet<Peer>;
  /** The info dictionary, once we have it. */
  readonly info: () => Uint8Array | undefined;
  /** All of it came; false when it is not what the link says. */
  take(info: Uint8Array): boolean;
  readonly nowMs: () => number;
}

export class MetadataExchange {
  readonly #o: MetadataExchangeOptions;

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
      // Made anew when the metadata has come in between.
      if (extension.giver === undefined || info !== undefined)
        extension.giver ??= new MetadataGiver(info ?? none);
      const id = extension.ids.get('ut_metadata') ?? 0;
      if (id !== 0) peer.outbox.extended(id, encodeMetadataMessage(extension.giver.answer(message.piece)));
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
    asker.take(message);
    peer.extension.askedAtMs = this.#o.nowMs();
    const { metadata } = asker;
    if (metadata === undefined) this.#ask(peer, asker);
    else {
      peer.extension.asker = undefined;
      if (!this.#o.take(metadata))
        peer.leave({ code: 'lied', message: 'its metadata is not what the link says', isBan: true });
    }
  }

  /** Asks whoever can be asked. */
  tick(): void {
    if (this.#o.info() !== undefined) return;
    const nowMs = this.#o.nowMs();
    let asked = 0;
    for (const peer of this.#o.peers) {
      if (peer.extension.asker === undefined) continue;
      if (nowMs - peer.extension.askedAtMs > answerMs) this.#giveUp(peer);
      else asked++;
    }
    for (const peer of this.#o.peers) {
      if (asked >= metadataAskers) return;
      const { extension } = peer;
      if (extension.asker !== undefined || extension.metadataSize === undefined) continue;
      if ((extension.ids.get('ut_metadata') ?? 0) === 0) continue;
      asked++;
      try {
        extension.asker = new MetadataAsker(extension.metadataSize);
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        extension.metadataSize = undefined;
        continue;
      }
      extension.askedAtMs = nowMs;
      this.#ask(peer, extension.asker);
    }
  }

  #ask(peer: Peer, asker: MetadataAsker): void {
    const id = peer.extension.ids.get('ut_metadata') ?? 0;
    for (let piece = asker.next(); piece !== undefined; piece = asker.next())
      peer.outbox.extended(id, encodeMetadataMessage({ kind: 'request', piece }));
  }

  #giveUp(peer: Peer): void {
    peer.extension.asker = undefined;
    // Not asked again until it says anew that it has it.
    peer.extension.metadataSize = undefined;
    this.tick();
  }
}

const none = new Uint8Array(0);
