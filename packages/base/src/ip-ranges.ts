// A growing collection of address ranges, both ends included, and the sorted tables that a filter looks things up in.
// Invariant: in what `sorted` gives, ranges are in order and neither overlap nor touch.

/** The largest public lists hold half a million ranges; this many take 32 MB (IPv4). */
const mostIpRanges = 4_000_000;

/** IPv6 lists hold some thousands; each range is two whole addresses. */
const mostIp6Ranges = 500_000;

export interface SortedRanges {
  readonly firsts4: Uint32Array;
  readonly lasts4: Uint32Array;
  /** Four words an address, the highest first. */
  readonly firsts6: Uint32Array;
  readonly lasts6: Uint32Array;
}

/** Which half of a 64-bit number is its upper one on this machine. */
const upper = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0;

export class IpRanges {
  /** Pairs, each also a number of 64 bits with the first address in its upper half, which sorts them. */
  #pairs4 = new Uint32Array(1024);
  #count4 = 0;
  readonly #ranges6: { first: bigint; last: bigint }[] = [];

  get size(): number {
    return this.#count4 + this.#ranges6.length;
  }

  /** Both of 4 or both of 16 bytes, in order. False when there are too many. */
  add(first: Uint8Array, last: Uint8Array): boolean {
    if (first.length === 4) return this.add4(word(first, 0), word(last, 0));
    if (this.#ranges6.length >= mostIp6Ranges) return false;
    this.#ranges6.push({ first: toBigInt(first), last: toBigInt(last) });
    return true;
  }

  add4(first: number, last: number): boolean {
    if (this.#count4 >= mostIpRanges) return false;
    if (this.#count4 * 2 === this.#pairs4.length) {
      const grown = new Uint32Array(this.#pairs4.length * 2);
      grown.set(this.#pairs4);
      this.#pairs4 = grown;
    }
    this.#pairs4[this.#count4 * 2 + upper] = first;
    this.#pairs4[this.#count4 * 2 + 1 - upper] = last;
    this.#count4++;
    return true;
  }

  sorted(): SortedRanges {
    return { ...this.#sorted4(), ...this.#sorted6() };
  }

  #sorted4(): Pick<SortedRanges, 'firsts4' | 'lasts4'> {
    const pairs = this.#pairs4.slice(0, this.#count4 * 2);
    new BigUint64Array(pairs.buffer).sort();
    const firsts = new Uint32Array(this.#count4);
    const lasts = new Uint32Array(this.#count4);
    let count = 0;
    for (let i = 0; i < pairs.length; i += 2) {
      const first = pairs[i + upper] ?? 0;
      const last = pairs[i + 1 - upper] ?? 0;
      const before = lasts[count - 1] ?? 0;
      if (count > 0 && first <= before + 1) {
        if (last > before) lasts[count - 1] = last;
      } else {
        firsts[count] = first;
        lasts[count++] = last;
      }
    }
    return { firsts4: firsts.slice(0, count), lasts4: lasts.slice(0, count) };
  }

  #sorted6(): Pick<SortedRanges, 'firsts6' | 'lasts6'> {
    const merged: { first: bigint; last: bigint }[] = [];
    for (const { first, last } of this.#ranges6.toSorted((a, b) =>
      a.first < b.first ? -1 : a.first > b.first ? 1 : 0,
    )) {
      const before = merged.at(-1);
      if (before === undefined || first > before.last + 1n) merged.push({ first, last });
      else if (last > before.last) before.last = last;
    }
    return {
      firsts6: Uint32Array.from(merged.flatMap(({ first }) => words(first))),
      lasts6: Uint32Array.from(merged.flatMap(({ last }) => words(last))),
    };
  }
}

/** Four bytes as a number, the highest first. */
export function word(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] ?? 0) << 24) |
      ((bytes[at + 1] ?? 0) << 16) |
      ((bytes[at + 2] ?? 0) << 8) |
      (bytes[at + 3] ?? 0)) >>>
    0
  );
}

function toBigInt(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let at = 0; at < 16; at += 4) value = (value << 32n) | BigInt(word(bytes, at));
  return value;
}

function words(value: bigint): number[] {
  return [96n, 64n, 32n, 0n].map((shift) => Number((value >> shift) & 0xffff_ffffn));
}
