// Doing something with one or many transfers, and saying how it went.

import { ApiError, type BulkRequest } from '@shoal/api';
import { notify } from '../node/live.ts';
import { change, NotAllowed, node } from '../node/session.ts';
import { texts } from '../texts.ts';

export function reasonOf(error: unknown): string {
  return error instanceof ApiError ? error.message : texts.errors.unknown;
}

/** Runs it and turns a failure into words on the page; true where it went well. */
export async function attempt(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof NotAllowed)) notify(reasonOf(error), true);
    return false;
  }
}

/** True where it was done for all of them. */
export async function act(ids: readonly string[], request: Omit<BulkRequest, 'ids'>): Promise<boolean> {
  let isWhole = false;
  await attempt(async () => {
    const { done, failed } = await change('bulk', { body: { ...request, ids: [...ids] } });
    const [first] = failed;
    isWhole = first === undefined;
    if (first !== undefined) notify(texts.actions.failed(failed.length, first.error.message), true);
    else if (done.length > 1) notify(texts.actions.done(done.length));
  });
  return isWhole;
}

export async function copyLinks(ids: readonly string[]): Promise<void> {
  await attempt(async () => {
    const links: string[] = [];
    for (const id of ids.slice(0, 1000)) links.push((await node.call('transfer', { params: { id } })).magnet);
    await copy(links.join('\n'));
  });
}

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    notify(texts.buttons.copied);
  } catch {
    notify(texts.buttons.notCopied, true);
  }
}

export function parseLabels(text: string): string[] {
  const labels = text
    .split(',')
    .map((label) => label.trim())
    .filter((label) => label !== '' && label.length <= 64);
  return [...new Set(labels)];
}
