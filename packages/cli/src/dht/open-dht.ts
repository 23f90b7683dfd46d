// A DHT node inside this process, for the verb `dht`: where it listens, whom it asks first, and what it remembers.

import { join, resolve } from 'node:path';
import { type Disk, type Endpoint, WorldError } from '@shoal/base';
import { createDht, type Dht } from '@shoal/dht';
import { CliError } from '../exit-codes.ts';
import { parsePeer, resolvePeers } from '../transferring/sources.ts';
import type { Context } from '../verb.ts';

export interface DhtFlags {
  readonly dhtBootstrap?: readonly string[];
  readonly data?: string;
}

export interface OpenDhtOptions {
  readonly flags: DhtFlags;
  /** Empty: all addresses, of both families where the machine has both. */
  readonly addresses: readonly string[];
  readonly port: number;
  readonly isReadOnly: boolean;
  readonly isLimited: boolean;
}

export interface OpenDht {
  readonly dht: Dht;
  /** Remembers the nodes in the data folder, where one was given. */
  save(): Promise<void>;
  close(): Promise<void>;
}

const fileName = 'dht-nodes';
/** Both tables take 26 kB. */
const maxSavedBytes = 100_000;

export async function openDht(context: Context, options: OpenDhtOptions): Promise<OpenDht> {
  const world = await context.world();
  const { flags, isReadOnly, isLimited } = options;
  const bootstrap = await resolvePeers(world, (flags.dhtBootstrap ?? []).map(parsePeer), (peer, error) => {
    const why = error instanceof Error ? error.message : String(error);
    context.output.note(`warning: ${peer.host} cannot be asked: ${why}`);
  });
  const file = flags.data === undefined ? undefined : join(resolve(flags.data), fileName);
  const saved = file === undefined ? undefined : await readSaved(world.disk, file);
  const start = (bind: readonly Endpoint[]): Promise<Dht> =>
    createDht({ ...world, bind, bootstrap, saved, isReadOnly, isLimited });
  const dht = await listen(start, options);
  return {
    dht,
    async save() {
      if (file !== undefined && flags.data !== undefined && dht.nodes().length > 0)
        await writeSaved(world.disk, resolve(flags.data), file, dht.save());
    },
    close: () => dht.close(),
  };
}

/** Both families on one port where the machine has both and nothing else was asked for. */
async function listen(
  start: (bind: readonly Endpoint[]) => Promise<Dht>,
  { addresses, port }: OpenDhtOptions,
): Promise<Dht> {
  if (addresses.length > 0) return start(addresses.map((address) => ({ address, port })));
  const four = { address: '0.0.0.0', port };
  try {
    return await start([four, { address: '::', port }]);
  } catch (error) {
    const hasNoIpv6 =
      error instanceof WorldError && (error.code === 'address-unavailable' || error.code === 'unreachable');
    if (!hasNoIpv6) throw error;
    return start([four]);
  }
}

async function readSaved(disk: Disk, path: string): Promise<Uint8Array | undefined> {
  try {
    const file = await disk.open(path);
    try {
      const bytes = new Uint8Array(Math.min(maxSavedBytes, (await file.stat()).length));
      return bytes.subarray(0, await file.read([bytes], 0));
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof WorldError && error.code === 'not-found') return undefined;
    throw error;
  }
}

/** A new file takes the place of the old one, so that a crash leaves one of them. */
async function writeSaved(disk: Disk, folder: string, path: string, bytes: Uint8Array): Promise<void> {
  await disk.makeFolder(folder, { mode: 0o700 });
  const file = await disk.open(`${path}.new`, { write: true, create: true, mode: 0o600 });
  try {
    await file.truncate(0);
    await file.write([bytes], 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(`${path}.new`, path);
}

/** A node in words: an IP address or a name, and a port. */
export async function resolveNode(context: Context, text: string): Promise<Endpoint> {
  const world = await context.world();
  const { host, port } = parsePeer(text);
  const [address] = await world.names.resolve(host);
  if (address === undefined) throw new CliError('not-found', `${host} has no address.`);
  return { address, port };
}

export function endpointText({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
