// The indexes that a verb speaks with: those of the flags, else those of the config; and saying one thing to all of them.

import type { World } from '@shoal/base';
import {
  type Accepted,
  type CatalogueClient,
  createCatalogueClient,
  DirectoryError,
  type Saying,
  sayTo,
} from '@shoal/directory';
import type { Identity } from '@shoal/identity';
import { boundConfig, type ConfigFlags } from '../config.ts';
import { CliError } from '../exit-codes.ts';
import type { Context } from '../verb.ts';

export interface SpeakingFlags extends ConfigFlags {
  readonly index?: readonly string[];
}

export interface Speaking {
  readonly world: World;
  readonly data: string;
  readonly network: 'hybrid' | 'centralized';
  readonly clients: readonly CatalogueClient[];
}

/** Throws a CliError `usage` without an index, and where the network mode asks none. */
export async function openSpeaking(context: Context, flags: SpeakingFlags): Promise<Speaking> {
  const { config } = await boundConfig(context, flags);
  if (config.network === 'distributed')
    throw new CliError('usage', 'In the network mode "distributed" no index is spoken with.');
  const configured = config.indexes === 'none' ? [] : config.indexes.split(/, ?/);
  const urls = [...new Set(flags.index ?? configured)];
  if (urls.length === 0)
    throw new CliError('usage', 'Name an index with --index URL, or some with "indexes" in the config.');
  const world = await context.world();
  const userAgent = `Shoal/${context.version}`;
  return {
    world,
    data: config.data,
    network: config.network,
    clients: urls.map((url) => createCatalogueClient(world, { url, userAgent })),
  };
}

export async function openSpeaker(context: Context, { world, data }: Speaking): Promise<Identity> {
  const { openNodeIdentity } = await import('@shoal/node/folder');
  const { identity, isNew, warning } = await openNodeIdentity(data, world);
  if (isNew) context.output.note(`This is a new identity: ${identity.id}. Its key is in ${data}.`);
  if (warning !== undefined) context.output.note(`warning: ${warning}`);
  return identity;
}

/**
 * Says the same to all indexes. One that fails is told, and spoils nothing for the others; throws when all of them failed.
 */
export async function sayToAll(
  context: Context,
  { world, clients }: Speaking,
  sign: (saying: Saying) => Uint8Array,
  told: (accepted: Accepted, url: string) => void,
): Promise<void> {
  const failures: unknown[] = [];
  const wallTimeMs = world.clock.wallTimeMs();
  const { signal } = context;
  await Promise.all(
    clients.map(async (client) => {
      try {
        told(await sayTo(client, sign, { wallTimeMs, signal }), client.url);
      } catch (error) {
        failures.push(error);
        if (clients.length > 1) tellFailure(context, client.url, error);
      }
    }),
  );
  if (failures.length === clients.length) throw failures[0];
}

export function tellFailure({ output }: Context, url: string, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof DirectoryError ? (error.refusal ?? error.code) : 'failed';
  output.event({ event: 'index-failed', index: url, code, message }, `${url}: ${message}`);
}

/** 40 or 64 hexadecimal digits, a magnet link, or a torrent file: the 20 bytes that it is known by. */
export async function torrentNamed(world: World, what: string): Promise<Uint8Array> {
  if (/^([0-9a-f]{40}|[0-9a-f]{64})$/i.test(what))
    return Uint8Array.from(Buffer.from(what.slice(0, 40), 'hex'));
  const { readSource } = await import('../transferring/sources.ts');
  const source = await readSource(world, what);
  const { v1, v2 } = (source.kind === 'torrent' ? source.torrent : source.magnet).infoHashes;
  const name = v1 ?? v2?.subarray(0, 20);
  if (name === undefined) throw new CliError('refused', 'The link names no torrent.');
  return name;
}
