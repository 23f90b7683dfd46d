// Work handed to the node that owns the data folder, and followed: what is said of it is what the verbs say that run a
// session inside. Whoever stops following stops nothing.

import { join } from 'node:path';
import { ApiError, type NewTransfer, type TransferSummary } from '@shoal/api';
import { CliError } from '../exit-codes.ts';
import { formatBytes } from '../numbers.ts';
import { createProgressBoard, type ProgressBoard } from '../progress.ts';
import type { Context } from '../verb.ts';
import { shortId } from './choosing.ts';
import { followTransfers } from './following.ts';
import type { RunningNode } from './running-node.ts';
import { tellSharedByNode } from './sharing.ts';
import { doingText } from './words.ts';

export interface Handed {
  readonly request: NewTransfer;
  /** Its info hashes in hexadecimal, where they are known: by them one that is there already is found. */
  readonly hashes: readonly string[];
}

/** With --json no more often than this. */
const progressMs = 500;

/** Rejects when one of them fails; Ctrl-C leaves them with the node. */
export async function getInNode(
  context: Context,
  node: RunningNode,
  all: readonly Handed[],
  { tellsSharing }: { readonly tellsSharing: boolean },
): Promise<void> {
  const { output, signal } = context;
  const begunMs = performance.now();
  const added = await Promise.all(all.map((handed) => addTo(context, node, handed)));
  const following = new Map(added.map((one) => [one.transfer.id, one]));
  const board = createProgressBoard(output);
  try {
    for await (const transfer of followTransfers(node, [...following.keys()], signal, output)) {
      const one = following.get(transfer.id);
      if (one === undefined) continue;
      await failWhereWrong(node, one, transfer, signal);
      if (!transfer.isComplete || transfer.state === 'checking') {
        one.tell(transfer, board);
        continue;
      }
      following.delete(transfer.id);
      board.show(transfer.id, undefined);
      const { bytes } = transfer;
      const seconds = Math.round(performance.now() - begunMs) / 1000;
      const path = await placeOf(node, transfer, signal);
      output.event(
        { event: 'complete', path, bytes, seconds },
        `${path}: complete, ${formatBytes(bytes)} in ${seconds.toFixed(1)} s. The node shares it: \`shoal pause ${shortId(transfer.id)}\` ends that.`,
      );
      if (tellsSharing) await tellSharedByNode(context, node, transfer.id);
      if (following.size === 0) return;
    }
    throw new CliError('failed', 'It was removed from the node before it was complete.');
  } catch (error) {
    if (signal.aborted)
      for (const { transfer } of following.values())
        output.note(
          `${transfer.name} goes on in the node. \`shoal list\` shows how far it is, \`shoal remove ${shortId(transfer.id)}\` ends it.`,
        );
    throw error;
  }
}

interface Added {
  readonly transfer: TransferSummary;
  readonly isNew: boolean;
  readonly globs: readonly string[];
  isChecked: boolean;
  tell(transfer: TransferSummary, board: ProgressBoard): void;
}

async function addTo(context: Context, node: RunningNode, { request, hashes }: Handed): Promise<Added> {
  const { output, signal } = context;
  const globs = request.select ?? [];
  try {
    const transfer = await node.call('addTransfer', { body: request }, signal);
    return { transfer, isNew: true, globs, isChecked: globs.length === 0, tell: teller(context) };
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 409)) throw error;
    const there = await findHere(node, hashes, signal);
    if (there === undefined) throw error;
    const { id, name, folder, state } = there;
    output.note(`${name} is in the node already, in ${folder}.`);
    if (request.peers !== undefined && request.peers.length > 0)
      await node.call('addPeers', { params: { id }, body: { peers: [...request.peers] } }, signal);
    const isResting = state === 'paused' || state === 'failed';
    const transfer = isResting ? await node.call('resumeTransfer', { params: { id } }, signal) : there;
    return { transfer, isNew: false, globs: [], isChecked: true, tell: teller(context) };
  }
}

async function findHere(
  node: RunningNode,
  hashes: readonly string[],
  signal: AbortSignal,
): Promise<TransferSummary | undefined> {
  for (const id of hashes) {
    const found = await node.call('transfer', { params: { id } }, signal).catch(() => undefined);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What was added here and cannot be done as it was asked is taken back, so that it can be asked anew. */
async function failWhereWrong(
  node: RunningNode,
  added: Added,
  transfer: TransferSummary,
  signal: AbortSignal,
): Promise<void> {
  const { id, name, error, state, size } = transfer;
  if (state === 'failed') {
    const isOurs = error?.code === 'in-the-way';
    if (isOurs && added.isNew) await node.call('removeTransfer', { params: { id } }, signal);
    throw new ApiError(error?.code ?? 'failed', error?.message ?? `${name} failed.`, isOurs ? 409 : 0);
  }
  if (added.isChecked || size === 0) return;
  const files = await node.call('files', { params: { id } }, signal);
  added.isChecked = files.length > 0;
  if (files.length === 0 || files.some(({ isWanted }) => isWanted)) return;
  if (added.isNew) await node.call('removeTransfer', { params: { id } }, signal);
  throw new CliError('not-found', `No file of ${name} fits ${added.globs.join(' or ')}.`);
}

function teller({ output }: Context): Added['tell'] {
  let lastMs = Number.NEGATIVE_INFINITY;
  let lastState: string | undefined;
  return (transfer, board) => {
    const { id, name, state, bytes, total, downRate, peers, waiting } = transfer;
    const rate = Math.round(downRate);
    const nowMs = performance.now();
    if (output.json && state !== 'checking' && nowMs - lastMs >= progressMs) {
      lastMs = nowMs;
      output.event({ event: 'progress', name, bytes, total, rate, peers });
    }
    if (state !== lastState && state === 'disk-full')
      output.event(
        { event: 'waiting', name, reason: 'disk-full' },
        `${name}: the disk is full. It goes on when there is room.`,
      );
    if (state !== lastState && (state === 'queued' || state === 'paused'))
      output.event({ event: 'waiting', name, reason: state }, `${name}: ${waiting?.message ?? state}`);
    lastState = state;
    const doing = state === 'fetching' ? undefined : doingText(transfer);
    board.show(id, { name, ...(doing !== undefined && { doing }), bytes, total, rate, peers });
  };
}

/** Its own folder or its one file, as it is called on the disk. */
async function placeOf(
  node: RunningNode,
  { id, name, folder }: TransferSummary,
  signal: AbortSignal,
): Promise<string> {
  const [file] = await node.call('files', { params: { id } }, signal);
  const within = `/${file?.path ?? ''}`;
  const place = file?.place?.replaceAll('\\', '/');
  if (place === undefined || !place.endsWith(within)) return join(folder, name);
  const above = place.slice(0, -within.length);
  return above === folder.replaceAll('\\', '/') ? place : above;
}
