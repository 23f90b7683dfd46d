// One mutated bencode input a seed, and what must hold for each.

import {
  BencodeError,
  type BencodeNode,
  type BencodeValue,
  decodeBencode,
  encodeBencode,
  equalBytes,
} from '@shoal/base';

const seeds = [
  'd1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz123456e1:q9:find_node1:t2:aa1:y1:qe',
  'd1:rd2:id20:mnopqrstuvwxyz1234565:token8:aoeusnth6:valuesl6:axje.u6:idhtnmee1:t2:aa1:y1:re',
  'd8:announce3:url4:infod5:filesld6:lengthi100e4:pathl1:a1:beed6:lengthi0e4:pathl1:ceee4:name4:test12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaaee',
  'd4:infod9:file treed4:dir1d9:fileA.txtd0:d6:lengthi1024e11:pieces root32:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaeeeeee',
  'lli1ei-22ei333eeldedeel0:1:a10:0123456789eee',
].map((text) => new Uint8Array(Buffer.from(text, 'latin1')));
const alphabet = new Uint8Array(Buffer.from('dlie:-0123456789ea\0\xff', 'latin1'));

/** Deterministic in `seed`; true when the strict decoder took the mutated input. Throws when a promise is broken. */
export function mutate(seed: number): boolean {
  const random = randomFrom(seed);
  const below = (bound: number) => Math.floor(random() * bound);
  let input = Uint8Array.from(seeds[below(seeds.length)] ?? alphabet);
  for (let edits = below(4); edits >= 0; edits--) {
    const at = below(input.length + 1);
    const kind = below(5);
    if (kind === 0) input = input.slice(0, at);
    else if (kind === 1) input = splice(input, at, 1 + below(4), new Uint8Array(0));
    else if (kind === 2) input = splice(input, at, 0, Uint8Array.of(alphabet[below(alphabet.length)] ?? 0));
    else if (kind === 3) input = splice(input, at, 1, Uint8Array.of(alphabet[below(alphabet.length)] ?? 0));
    else input = splice(input, at, 0, input.slice(below(input.length), at + below(20)));
  }
  const strict = read(input, false);
  const lenient = read(input, true);
  if (strict === undefined) return false;
  if (lenient === undefined) throw new Error('the lenient decoder refused what the strict one took');
  if (!equalBytes(encodeBencode(plain(strict)), input)) throw new Error('a strict value has two spellings');
  return true;
}

function read(input: Uint8Array, lenient: boolean): BencodeNode | undefined {
  try {
    const node = decodeBencode(input, { lenient });
    plain(node);
    return node;
  } catch (error) {
    if (error instanceof BencodeError) return undefined;
    throw error;
  }
}

/** Everything in a node, read and rebuilt as values. Repeated keys keep the first, as `get` does. */
export function plain(node: BencodeNode): BencodeValue {
  switch (node.kind) {
    case 'integer':
      return node.asInteger() ?? node.asBigInt() ?? 0;
    case 'string':
      return node.asBytes() ?? new Uint8Array(0);
    case 'list':
      return Array.from(node.items(), plain);
    case 'dictionary': {
      const entries = new Map<string, [Uint8Array, BencodeValue]>();
      for (const [key, value] of node.entries()) {
        const bytes = key.asBytes() ?? new Uint8Array(0);
        const name = Buffer.from(bytes).toString('latin1');
        if (!entries.has(name)) entries.set(name, [bytes, plain(value)]);
      }
      return new Map(entries.values());
    }
  }
}

function splice(input: Uint8Array, at: number, removed: number, added: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...input.subarray(0, at), ...added, ...input.subarray(at + removed)]);
}

/** Numbers from 0 to 1, the same for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
