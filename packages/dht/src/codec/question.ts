// KRPC questions as we send them.

import { type BencodeValue, decodeBencode, encodeBencode } from '@shoal/base';
import type { PutItem, Query } from './krpc.ts';

export interface QuestionFrame {
  readonly transaction: Uint8Array;
  readonly id: Uint8Array;
  /** BEP 43. */
  readonly isReadOnly: boolean;
}

/** Who we are, in `v`: two letters and a version, as clients do since BEP 5. */
export const version = Uint8Array.of(0x53, 0x4c, 0x00, 0x01);

export function writeQuestion(frame: QuestionFrame, query: Query): Uint8Array {
  const { method } = query;
  return encodeBencode({
    a: { ...argumentsOf(query), id: frame.id },
    q: method,
    ro: frame.isReadOnly ? 1 : undefined,
    t: frame.transaction,
    v: version,
    y: 'q',
  });
}

function argumentsOf(query: Query): { [key: string]: BencodeValue | undefined } {
  switch (query.method) {
    case 'ping':
      return {};
    case 'find_node':
    case 'sample_infohashes':
      return { target: query.target, want: wantOf(query.want) };
    case 'get_peers':
      return {
        info_hash: query.infoHash,
        scrape: query.scrape ? 1 : undefined,
        want: wantOf(query.want),
      };
    case 'announce_peer':
      return {
        implied_port: query.port === undefined ? 1 : 0,
        info_hash: query.infoHash,
        // BEP 5: the port has to be there even where it is not used; 1 passes every check.
        port: query.port ?? 1,
        seed: query.isSeed ? 1 : undefined,
        token: query.token,
      };
    case 'get':
      return { seq: query.sequence, target: query.target, want: wantOf(query.want) };
    case 'put':
      return {
        token: query.token,
        v: decodeBencode(query.item.raw, { lenient: true }),
        ...mutableOf(query.item),
      };
  }
}

function wantOf(want: { readonly 4: boolean; readonly 6: boolean }): string[] {
  return [...(want[4] ? ['n4'] : []), ...(want[6] ? ['n6'] : [])];
}

function mutableOf({ mutable }: PutItem): { [key: string]: BencodeValue | undefined } {
  if (mutable === undefined) return {};
  const { key, salt, sequence, signature, cas } = mutable;
  return { k: key, salt: salt.length === 0 ? undefined : salt, seq: sequence, sig: signature, cas };
}
