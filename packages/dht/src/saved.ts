// A node's memory between two runs: its ids and the nodes it knew, as one bencoded value that the caller keeps. What
// is read back is as untrusted as a packet: whatever is wrong in it is left out.

import { BencodeError, type BencodeNode, decodeBencode, encodeBencode, type IpFamily } from '@shoal/base';
import { maxSavedNodes } from './bounds.ts';
import { compactNodeLength, type NodeInfo, readCompactNodes } from './codec/nodes.ts';
import { idLength } from './node-id.ts';

export interface SavedFamily {
  readonly id: Uint8Array | undefined;
  readonly nodes: readonly NodeInfo[];
}

export interface SavedTables {
  readonly 4: SavedFamily;
  readonly 6: SavedFamily;
}

const nothing: SavedTables = { 4: { id: undefined, nodes: [] }, 6: { id: undefined, nodes: [] } };
const formatVersion = 1;
/** Both families in full, with room to spare. */
const maxBytes = 100_000;

/** `compact` holds contacts as replies carry them, the best first. */
export function writeTables(
  families: readonly { family: IpFamily; id: Uint8Array; compact: Uint8Array }[],
): Uint8Array {
  const fields = families.map(({ family, id, compact }) => {
    const nodes = compact.subarray(0, maxSavedNodes * compactNodeLength(family));
    return [`n${family}`, { id, nodes }] as const;
  });
  return encodeBencode({ ...Object.fromEntries(fields), version: formatVersion });
}

export function readTables(bytes: Uint8Array): SavedTables {
  let root: BencodeNode;
  try {
    root = decodeBencode(bytes, { maxLength: maxBytes });
  } catch (error) {
    if (error instanceof BencodeError) return nothing;
    throw error;
  }
  if (root.get('version')?.asInteger() !== formatVersion) return nothing;
  return { 4: readFamily(root.get('n4'), 4), 6: readFamily(root.get('n6'), 6) };
}

function readFamily(node: BencodeNode | undefined, family: IpFamily): SavedFamily {
  if (node === undefined) return nothing[family];
  const nodes = node.get('nodes')?.asBytes() ?? new Uint8Array(0);
  return {
    id: node.get('id')?.asBytes(idLength)?.slice(),
    nodes: readCompactNodes(nodes, family, maxSavedNodes),
  };
}
