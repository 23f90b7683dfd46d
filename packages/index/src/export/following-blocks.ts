// What another index blocks is blocked here, too. Invariant: what an operator blocks here stays blocked, whatever others do;
// what came from the other index goes when it goes there.

import { maxBlocks } from '../catalogue/bounds.ts';
import type { BlockKind } from '../catalogue/catalogue.ts';
import { IndexError } from '../errors.ts';
import { fieldsOf, jsonIn, strange } from './answers.ts';
import { askBytes } from './asking.ts';
import { longestBlocks } from './bounds.ts';
import type { FollowParts } from './following.ts';

interface Told {
  readonly kind: BlockKind;
  readonly value: string;
  readonly reason: string;
}

export async function followBlocks(parts: FollowParts, signal: AbortSignal): Promise<void> {
  const { catalogue, url } = parts;
  const bytes = await askBytes(parts, `${url}api/catalogue/blocks`, longestBlocks, signal);
  // It tells them no more: what it told before stays.
  if (bytes === undefined) return;
  const wanted = new Map(readBlocks(bytes).map((one) => [`${one.kind} ${one.value}`, one]));
  const standing = new Map((await catalogue.blocks()).map((one) => [`${one.kind} ${one.value}`, one]));
  for (const [name, { kind, value, by }] of standing)
    if (by === url && !wanted.has(name)) await catalogue.unblock(kind, value, url);
  for (const [name, block] of wanted) {
    signal.throwIfAborted();
    if (!standing.has(name)) await catalogue.block(block, url).catch(passOver);
  }
}

/** What this version knows no way to block. */
function passOver(error: unknown): void {
  if (!(error instanceof IndexError) || error.code !== 'invalid') throw error;
}

function readBlocks(bytes: Uint8Array): readonly Told[] {
  const { blocks } = jsonIn(bytes);
  if (!Array.isArray(blocks) || blocks.length > maxBlocks) throw strange();
  return blocks.flatMap((item: unknown): Told[] => {
    const { kind, value, reason } = fieldsOf(item);
    const isKnown = kind === 'hash' || kind === 'key' || kind === 'word';
    if (!isKnown || typeof value !== 'string' || typeof reason !== 'string') return [];
    return [{ kind, value, reason }];
  });
}
