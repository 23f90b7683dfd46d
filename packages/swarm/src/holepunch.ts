// Holepunch (BEP 55): for two peers that cannot dial each other, we tell each of them to dial the other at once; and when
// somebody we both know tells us so, we dial. Invariants: only peers of this transfer are brought together, who both speak
// of it; each side is troubled a bounded number of times; nobody sends us where the exchange of peers could not.

import { type Endpoint, ipScope, type PeerAddress } from '@shoal/base';
import { decodeHolepunch, encodeHolepunch, type HolepunchFailure, type HolepunchMessage } from '@shoal/wire';
import * as bound from './bounds.ts';
import type { Peer } from './peer.ts';

export interface HolepunchOptions {
  readonly peers: ReadonlySet<Peer>;
  readonly nowMs: () => number;
  /** Where others can dial it. */
  readonly addressOf: (peer: Peer) => PeerAddress | undefined;
  readonly mayName: (speaker: string, named: string) => boolean;
  readonly listenPort: () => number | undefined;
  dial(address: PeerAddress): void;
}

export class Holepunch {
  readonly #o: HolepunchOptions;
  /** Who told us of an address, in case it cannot be dialled. */
  readonly #tellers = new Map<string, Peer>();
  /** When somebody was last asked to bring us together with an address. */
  readonly #askedAtMs = new Map<string, number>();

  constructor(options: HolepunchOptions) {
    this.#o = options;
  }

  received(peer: Peer, payload: Uint8Array): void {
    const message = decodeHolepunch(payload);
    peer.annoy(10);
    if (!peer.extension.punchPace.takes(this.#o.nowMs())) return;
    if (message.kind === 'rendezvous') this.#introduce(peer, message.endpoint);
    else if (message.kind === 'connect' && this.#o.mayName(peer.address.address, message.endpoint.address))
      this.#o.dial({ kind: 'ip', ...message.endpoint });
  }

  heardOf(address: PeerAddress, by: Peer): void {
    remember(this.#tellers, keyOf(address), by);
  }

  /** Whoever told us of it knows it, and may reach it. */
  notReached(address: PeerAddress): void {
    const key = keyOf(address);
    const teller = this.#tellers.get(key);
    const nowMs = this.#o.nowMs();
    if (teller === undefined || teller.hasLeft) return;
    if (nowMs - (this.#askedAtMs.get(key) ?? Number.NEGATIVE_INFINITY) < bound.rendezvousRestMs) return;
    remember(this.#askedAtMs, key, nowMs);
    say(teller, { kind: 'rendezvous', endpoint: address });
  }

  left(peer: Peer): void {
    for (const [key, teller] of this.#tellers) if (teller === peer) this.#tellers.delete(key);
  }

  #introduce(peer: Peer, endpoint: Endpoint): void {
    const from = this.#o.addressOf(peer) ?? peer.address;
    const target = this.#targetOf(peer, from, endpoint);
    if (typeof target === 'string') {
      say(peer, { kind: 'error', endpoint, failure: target });
      return;
    }
    say(target, { kind: 'connect', endpoint: from });
    say(peer, { kind: 'connect', endpoint });
  }

  #targetOf(peer: Peer, from: Endpoint, endpoint: Endpoint): Peer | HolepunchFailure {
    if (endpoint.port === 0 || ipScope(endpoint.address) === undefined) return 'no-such-peer';
    if (keyOf(endpoint) === keyOf(from) || this.#isSelf(peer, endpoint)) return 'no-self';
    for (const other of this.#o.peers) {
      const place = this.#o.addressOf(other) ?? other.address;
      if (keyOf(other.address) !== keyOf(endpoint) && keyOf(place) !== keyOf(endpoint)) continue;
      if (idOf(other) === 0) return 'no-support';
      // It bears with so many: whoever asks for more on its behalf hears what it would if it were gone.
      return other.extension.punchPace.takes(this.#o.nowMs()) ? other : 'not-connected';
    }
    return 'not-connected';
  }

  #isSelf(peer: Peer, { address, port }: Endpoint): boolean {
    return port === this.#o.listenPort() && address === peer.extension.ourAddress;
  }
}

function idOf(peer: Peer): number {
  return peer.extension.ids.get('ut_holepunch') ?? 0;
}

function say(peer: Peer, message: HolepunchMessage): void {
  const id = idOf(peer);
  if (id !== 0) peer.outbox.extended(id, encodeHolepunch(message));
}

function keyOf({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}

function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= bound.mostAddresses) return;
    map.delete(oldest);
  }
}
