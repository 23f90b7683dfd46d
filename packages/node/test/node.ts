// A whole node in this process, on loopback and in folders that go away with the test.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createClient, type NodeClient, type TransferSummary } from '@shoal/api';
import type { World } from '@shoal/base';
import { createNodeWorld } from '@shoal/base/node';
import { type LoadConfigOptions, loadConfig } from '../src/config/index.ts';
import { createLog, type ShoalNode, startNode } from '../src/index.ts';

export interface TestNode {
  readonly node: ShoalNode;
  readonly client: NodeClient;
  /** Its data folder. */
  readonly data: string;
  stop(): Promise<void>;
}

/** Of each test, which are stopped before its folder goes. */
const running = new WeakMap<TestContext, (() => Promise<void>)[]>();

export async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-node-'));
  context.after(async () => {
    await Promise.allSettled((running.get(context) ?? []).map((stop) => stop()));
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return folder;
}

/** In a folder of its own, or in one that a node had before. */
export async function startTestNode(
  context: TestContext,
  folder: string,
  flags: LoadConfigOptions['flags'] = {},
  other: Partial<World> = {},
): Promise<TestNode> {
  const world = { ...createNodeWorld({ hashWorkers: 1 }), ...other };
  const data = join(folder, 'data');
  const places = { home: folder, data, configFile: join(folder, 'config.toml') };
  const usual = { api: '127.0.0.1:0', port: '0', lan: 'off', 'port-mapping': 'off', ...flags };
  const log = createLog({ level: 'silent', clock: world.clock, write: () => {} });
  const loaded = await loadConfig({ disk: world.disk, places, flags: usual });
  const node = await startNode({ world, loaded, places, version: '0.1.0', log, pid: process.pid });
  let stopped: Promise<void> | undefined;
  const stop = async () => {
    stopped ??= node.stop().then(() => world.close());
    await stopped;
  };
  running.set(context, [...(running.get(context) ?? []), stop]);
  return { node, data, stop, client: createClient({ url: node.url, fetch, token: node.token }) };
}

export async function makeFile(folder: string, name: string, length: number): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytesOf(length, name.length));
  return path;
}

export function bytesOf(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed >>> 0;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** Waits for the transfer to become so, as the events tell it. */
export async function until(
  { client }: Pick<TestNode, 'client'>,
  id: string,
  isSo: (transfer: TransferSummary) => boolean,
): Promise<TransferSummary> {
  const signal = AbortSignal.timeout(30_000);
  const { transfers, revision } = await client.call('transfers', {}, signal);
  const now = transfers.find((transfer) => transfer.id === id);
  if (now !== undefined && isSo(now)) return now;
  for await (const { event } of client.events(revision, signal)) {
    if (event.kind !== 'transfers') continue;
    const changed = event.changed.find((transfer) => transfer.id === id);
    if (changed !== undefined && isSo(changed)) return changed;
  }
  throw new Error('the events ended');
}
