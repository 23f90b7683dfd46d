// How we look from outside, as peers tell us (`yourip` of BEP 10). Invariant: a host has one voice, and the address that
// most of the last ones name is believed; nothing but priorities among peers depends on it.

import { type IpFamily, ipToBytes, type PeerAddress } from '@shoal/base';
import { hostOf } from '@shoal/transport';
import { mostVoices } from './bounds.ts';
import { canonicalPriority } from './canonical-priority.ts';

export class OutsideAddress {
  readonly #voices = { 4: new Map<string, string>(), 6: new Map<string, string>() };
  readonly #believed: { 4?: string; 6?: string } = {};
  readonly #port: () => number | undefined;

  constructor(port: () => number | undefined) {
    this.#port = port;
  }

  told(by: PeerAddress, address: string): void {
    const family = familyOf(address);
    if (family === undefined) return;
    const voices = this.#voices[family];
    const host = hostOf(by);
    voices.delete(host);
    voices.set(host, address);
    for (const oldest of voices.keys()) {
      if (voices.size <= mostVoices) break;
      voices.delete(oldest);
    }
    const believed = mostNamed(voices.values());
    if (believed !== undefined) this.#believed[family] = believed;
  }

  /** BEP 40; undefined while we do not know how we look. */
  priorityOf(peer: PeerAddress): number | undefined {
    const family = familyOf(peer.address);
    const address = family === undefined ? undefined : this.#believed[family];
    return address === undefined ? undefined : canonicalPriority({ address, port: this.#port() ?? 0 }, peer);
  }
}

function familyOf(address: string): IpFamily | undefined {
  const length = ipToBytes(address)?.length;
  return length === undefined ? undefined : length === 4 ? 4 : 6;
}

function mostNamed(addresses: Iterable<string>): string | undefined {
  const counts = new Map<string, number>();
  let best: string | undefined;
  for (const address of addresses) {
    const count = (counts.get(address) ?? 0) + 1;
    counts.set(address, count);
    if (best === undefined || count > (counts.get(best) ?? 0)) best = address;
  }
  return best;
}
