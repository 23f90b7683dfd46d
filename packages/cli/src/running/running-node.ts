// The node that owns a data folder, as a verb talks to it. DATA/node.json may outlive a killed node: only what answers
// /health with the same instance is the owner, and only the owner is shown the token.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiError, createClient, type NodeClient } from '@shoal/api';
import { type ConfigFlags, effectiveConfig } from '../config.ts';
import { CliError } from '../exit-codes.ts';
import type { Context } from '../verb.ts';
import { fetchOverHttp } from './http.ts';

export interface RunningNode extends NodeClient {
  readonly url: string;
  /** Its data folder. */
  readonly data: string;
  readonly network: string;
}

/** A node with thousands of transfers that are all being checked answers within a second. */
const patienceMs = 10_000;

/** Rejects where none runs: with what to do. */
export async function openNode(
  context: Context,
  given: Pick<ConfigFlags, 'config' | 'data'>,
): Promise<RunningNode> {
  const { config } = await effectiveConfig(context, {
    ...(given.config !== undefined && { config: given.config }),
    ...(given.data !== undefined && { data: given.data }),
  });
  const node = await findNode(config.data, context.signal);
  if (node !== undefined) return node;
  throw new CliError(
    'failed',
    `No node runs with the data folder ${config.data}.\nStart one with \`shoal up\`, or name the folder of one that runs with --data DIR.`,
  );
}

/** Undefined where nobody owns the folder. */
export async function findNode(data: string, signal: AbortSignal): Promise<RunningNode | undefined> {
  const file = parseNodeFile(await readOrNothing(join(data, 'node.json')));
  if (file === undefined) return undefined;
  const { url, instance } = file;
  const within = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
  const [health, token] = await Promise.all([
    createClient({ url, fetch: fetchOverHttp })
      .call('health', {}, within)
      .catch((error: unknown) => {
        signal.throwIfAborted();
        if (error instanceof ApiError) return undefined;
        throw new CliError(
          'timeout',
          `The node of ${data} (process ${file.pid}) does not answer at ${url}.\nIt is stopped or very busy: try again, or end it.`,
          { cause: error },
        );
      }),
    readOrNothing(join(data, 'api-token')),
  ]);
  if (health?.instance !== instance) return undefined;
  const client = createClient({
    url,
    fetch: fetchOverHttp,
    ...(token !== undefined && { token: token.trim() }),
  });
  return { ...client, url, data, network: health.network };
}

interface NodeFile {
  readonly pid: number;
  readonly url: string;
  readonly instance: string;
}

function parseNodeFile(text: string | undefined): NodeFile | undefined {
  try {
    const found: Partial<Record<keyof NodeFile, unknown>> = JSON.parse(text ?? '');
    const { pid, url, instance } = found;
    return typeof pid === 'number' && typeof url === 'string' && typeof instance === 'string'
      ? { pid, url, instance }
      : undefined;
  } catch {
    return undefined;
  }
}

/** What cannot be read is as good as not there: the token then fails where it is needed, and the node says so. */
async function readOrNothing(path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').catch(() => undefined);
}
