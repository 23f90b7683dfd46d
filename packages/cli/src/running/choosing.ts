// Which transfers somebody means: any unambiguous beginning of an info hash, or part of a name.

import type { TransferSummary } from '@shoal/api';
import { CliError } from '../exit-codes.ts';
import type { RunningNode } from './running-node.ts';

/** As many as anybody reads in an error. */
const mostCandidates = 6;

export interface Choice {
  readonly words: readonly string[];
  readonly all?: true | undefined;
}

export async function chooseTransfers(
  node: RunningNode,
  { words, all }: Choice,
  signal: AbortSignal,
): Promise<readonly TransferSummary[]> {
  if (words.length === 0 && all !== true)
    throw new CliError('usage', 'Say which: an id or part of a name as `shoal list` shows them, or --all.');
  if (words.length > 0 && all === true) throw new CliError('usage', 'Either name some, or say --all.');
  const { transfers } = await node.call('transfers', { query: { limit: 100_000 } }, signal);
  if (all === true) return transfers;
  return [...new Set(words.map((word) => meant(word, transfers)))];
}

export async function chooseTransfer(
  node: RunningNode,
  word: string,
  signal: AbortSignal,
): Promise<TransferSummary> {
  const { transfers } = await node.call('transfers', { query: { limit: 100_000 } }, signal);
  return meant(word, transfers);
}

/** A whole hash or name comes before the beginning of a hash, that before a part of a name. */
export function meant(word: string, transfers: readonly TransferSummary[]): TransferSummary {
  const text = word.toLowerCase();
  const hashesOf = ({ id, infoHashV1, infoHashV2 }: TransferSummary) => [id, infoHashV1, infoHashV2];
  const rules: readonly ((transfer: TransferSummary) => boolean)[] = [
    (transfer) => transfer.name === word || hashesOf(transfer).includes(text),
    (transfer) => hashesOf(transfer).some((hash) => hash?.startsWith(text)),
    (transfer) => transfer.name.toLowerCase().includes(text),
  ];
  for (const rule of text === '' ? [] : rules) {
    const found = transfers.filter(rule);
    const [one, ...others] = found;
    if (one === undefined) continue;
    if (others.length === 0) return one;
    const shown = found.slice(0, mostCandidates).map(({ id, name }) => `${shortId(id)} ${name}`);
    if (found.length > shown.length) shown.push(`and ${found.length - shown.length} more`);
    throw new CliError('usage', `${word} may be ${found.length} transfers: ${shown.join(', ')}.`);
  }
  throw new CliError('not-found', `There is no transfer ${word}. \`shoal list\` shows all.`);
}

export function shortId(id: string): string {
  return id.slice(0, 8);
}
