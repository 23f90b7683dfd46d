// A DHT node inside this process, for the verb `dht`: where it listens, whom it asks first, and what it remembers.

import { resolve } from 'node:path';
import { type Endpoint, type World, WorldError } from '@shoal/base';
import { createDht, type Dht } from '@shoal/dht';
import { parsePeer, resolvePeers } from '@shoal/node/addresses';
import { readDhtNodes, writeDhtNodes } from '@shoal/node/folder';
import { boundConfig } from '../config.ts';
import { CliError } from '../exit-codes.ts';
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

export async function openDht(context: Context, options: OpenDhtOptions): Promise<OpenDht> {
  const { flags, isReadOnly, isLimited } = options;
  const world = await boundWorld(context, flags);
  const bootstrap = await resolvePeers(world, (flags.dhtBootstrap ?? []).map(parsePeer), (peer, error) => {
    const why = error instanceof Error ? error.message : String(error);
    context.output.note(`warning: ${peer.host} cannot be asked: ${why}`);
  });
  const data = flags.data === undefined ? undefined : resolve(flags.data);
  const saved = data === undefined ? undefined : await readDhtNodes(world.disk, data);
  const start = (bind: readonly Endpoint[]): Promise<Dht> =>
    createDht({ ...world, bind, bootstrap, saved, isReadOnly, isLimited });
  const dht = await listen(start, options);
  return {
    dht,
    async save() {
      if (data !== undefined && dht.nodes().length > 0) await writeDhtNodes(world.disk, data, dht.save());
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

/** A node in words: an IP address or a name, and a port. */
export async function resolveNode(context: Context, text: string): Promise<Endpoint> {
  const world = await boundWorld(context, {});
  const { host, port } = parsePeer(text);
  const [address] = await world.names.resolve(host);
  if (address === undefined) throw new CliError('not-found', `${host} has no address.`);
  return { address, port };
}

export function endpointText({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

async function boundWorld(context: Context, { data }: DhtFlags): Promise<World> {
  await boundConfig(context, data === undefined ? {} : { data });
  return await context.world();
}
