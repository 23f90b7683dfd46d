// The Mainline DHT by itself, without a node: run a bare DHT node, ping one, find peers, fetch and put items.

import { toHex, toUtf8 } from '@shoal/base';
import type { PeersEvent } from '@shoal/dht';
import { effectiveConfig } from '../config.ts';
import { parseInfoHashes, parseTarget, valueText } from '../dht/keys.ts';
import { type DhtFlags, endpointText, type OpenDht, openDht, resolveNode } from '../dht/open-dht.ts';
import { runDht } from '../dht/run-dht.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { flags } from '../flags.ts';
import type { Context, Verb } from '../verb.ts';

const dht: Verb = (command, context) => {
  command.usage('serve|ping|find|get|put [FLAGS]').helpCommand(false);

  command
    .command('serve')
    .description('run a bare DHT node, until Ctrl-C')
    .addOption(flags.port)
    .option('--address <IP>', 'listen at this address only; may be given once for each family', collect)
    .addOption(flags.dhtBootstrap)
    .option('--data <DIR>', 'remember the nodes in this folder')
    .option('--read-only', 'ask, and answer nobody (BEP 43)')
    .option('--unlimited', 'lift the limits on replies to one address, for benchmarks')
    .action((options) => serve(context, options));

  command
    .command('ping')
    .description('ask one node whether it is there')
    .argument('<HOST:PORT>', 'the node')
    .action((node) => ping(context, node));

  command
    .command('find')
    .description('find peers')
    .argument('<LINK>', 'an info hash, a magnet link or a torrent file')
    .addOption(flags.dhtBootstrap)
    .option('--data <DIR>', 'begin with the nodes that are remembered in this folder')
    .option('--announce <PORT>', 'tell the DHT that a peer here listens at this port')
    .action((what, options) => find(context, what, options));

  command
    .command('get')
    .description('fetch an item (BEP 44)')
    .argument('<TARGET>', '40 hexadecimal digits')
    .addOption(flags.dhtBootstrap)
    .option('--data <DIR>', 'begin with the nodes that are remembered in this folder')
    .option('--salt <TEXT>', 'of a mutable item')
    .action((target, options) => get(context, target, options));

  command
    .command('put')
    .description('put an item (BEP 44): a text of at most 1,000 bytes')
    .argument('<TEXT>', 'the value')
    .addOption(flags.dhtBootstrap)
    .option('--data <DIR>', 'the folder with the key and the nodes that are remembered')
    .option('--mutable', "sign it with this node's key, so that it can be replaced")
    .option('--salt <TEXT>', 'tells several mutable items of one key apart')
    .option('--seq <N>', 'the sequence number; one more than the present one unless given')
    .option('--cas <N>', 'only replace the item with this sequence number')
    .action((value, options) => put(context, value, options));
};

export default dht;

interface ServeFlags extends DhtFlags {
  readonly port?: number;
  readonly address?: readonly string[];
  readonly readOnly?: true;
  readonly unlimited?: true;
}

async function serve(context: Context, options: ServeFlags): Promise<void> {
  const { output, signal } = context;
  const { dht: node, close } = await runDht(context, {
    flags: options,
    addresses: options.address ?? [],
    port: options.port,
    isReadOnly: options.readOnly === true,
    isLimited: options.unlimited !== true,
  });
  try {
    const endpoints = node.endpoints.map(endpointText);
    const ids = node.stats().families.map(({ id }) => toHex(id));
    output.result(
      { event: 'ready', port: node.endpoints[0]?.port, endpoints, ids },
      `A DHT node listens at ${endpoints.join(' and ')}`,
    );
    await aborted(signal);
  } finally {
    await close();
  }
}

async function ping(context: Context, text: string): Promise<void> {
  const to = await resolveNode(context, text);
  const { dht: node, close } = await openDht(context, {
    flags: {},
    addresses: [to.address.includes(':') ? '::' : '0.0.0.0'],
    port: 0,
    isReadOnly: true,
    isLimited: true,
  });
  try {
    const { id, rttMs } = await node.ping(to);
    const data = { node: endpointText(to), id: toHex(id), rttMs: Math.round(rttMs * 100) / 100 };
    context.output.result(data, `${data.node} is ${data.id}, ${data.rttMs} ms away`);
  } finally {
    await close();
  }
}

async function find(
  context: Context,
  what: string,
  options: DhtFlags & { readonly announce?: string },
): Promise<void> {
  const { output, signal } = context;
  const port = options.announce === undefined ? undefined : parseNumber(options.announce, 65_535);
  const announce = port === undefined ? undefined : { port };
  const hashes = await parseInfoHashes(context, what);
  await withDht(context, options, async ({ dht: node }) => {
    const found = new Set<string>();
    const counts = { asked: 0, answered: 0, announced: 0 };
    for (const infoHash of hashes) {
      for await (const event of node.peers(infoHash, { signal, ...(announce && { announce }) })) {
        if (event.kind === 'peers') tellPeers(context, found, event);
        else if (event.kind === 'asked') counts.asked++;
        else if (event.kind === 'answered') counts.answered++;
        else if (event.kind === 'announced') counts.announced++;
        output.progress(`${found.size} peers; ${counts.answered} of ${counts.asked} nodes answered`);
      }
    }
    const done = { event: 'done', infoHash: hashes.map(toHex).join(' '), peers: found.size, ...counts };
    const told = announce === undefined ? '' : `; told ${counts.announced} nodes of port ${announce.port}`;
    output.event(done, `${found.size} peers; ${counts.answered} of ${counts.asked} nodes answered${told}`);
    if (found.size === 0 && announce === undefined) context.exitWith(exitCodes.notFound);
    if (announce !== undefined && counts.announced === 0)
      throw new CliError('failed', 'No node took the announcement.');
  });
}

function tellPeers(
  { output }: Context,
  found: Set<string>,
  { peers, from }: PeersEvent & { readonly kind: 'peers' },
): void {
  for (const peer of peers) {
    const text = endpointText(peer);
    if (found.has(text)) continue;
    found.add(text);
    const { address, port } = peer;
    output.result({ event: 'peer', address, port, from: from && endpointText(from.endpoint) }, text);
  }
}

async function get(
  context: Context,
  text: string,
  options: DhtFlags & { readonly salt?: string },
): Promise<void> {
  const { output, signal } = context;
  const target = parseTarget(text);
  await withDht(context, options, async ({ dht: node }) => {
    const salt = toUtf8(options.salt ?? '');
    const item = await node.getItem(target, { signal, salt });
    if (item === undefined)
      throw new CliError('not-found', `No node that answers has an item with the target ${text}.`);
    const { raw, key, sequence, signature } = item;
    const value = valueText(item);
    output.result({ target: toHex(target), value, raw, key, sequence, signature }, value);
  });
}

interface PutFlags extends DhtFlags {
  readonly mutable?: true;
  readonly salt?: string;
  readonly seq?: string;
  readonly cas?: string;
}

async function put(context: Context, value: string, options: PutFlags): Promise<void> {
  const { output, signal } = context;
  const isMutable = options.mutable === true;
  if (!isMutable && (options.salt ?? options.seq ?? options.cas) !== undefined)
    throw new CliError('usage', '--salt, --seq and --cas are for mutable items: add --mutable.');
  const signer = isMutable ? await ownKey(context, options) : undefined;
  await withDht(context, options, async ({ dht: node }) => {
    const result = await node.putItem(
      {
        value,
        ...(signer && { signer }),
        ...(options.salt !== undefined && { salt: toUtf8(options.salt) }),
        ...(options.seq !== undefined && { sequence: parseNumber(options.seq) }),
        ...(options.cas !== undefined && { cas: parseNumber(options.cas) }),
      },
      { signal },
    );
    const target = toHex(result.target);
    const { sequence, stored } = result;
    output.result({ target, sequence, stored, key: signer?.publicKey }, target);
    const version = sequence === undefined ? '' : `, as number ${sequence}`;
    if (!output.json) output.note(`${stored} nodes keep it for two hours${version}.`);
  });
}

async function ownKey(context: Context, { data }: DhtFlags) {
  const { config } = await effectiveConfig(context, data === undefined ? {} : { data });
  const { openNodeIdentity } = await import('@shoal/node/folder');
  return (await openNodeIdentity(config.data, await context.world())).identity;
}

/** A node that asks and is gone again: it answers nobody, so that nobody keeps it in a table. */
async function withDht(
  context: Context,
  given: DhtFlags,
  action: (open: OpenDht) => Promise<void>,
): Promise<void> {
  const open = await openDht(context, {
    flags: given,
    addresses: [],
    port: 0,
    isReadOnly: true,
    isLimited: true,
  });
  try {
    await open.dht.ready;
    await action(open);
    await open.save();
  } finally {
    await open.close();
  }
}

function parseNumber(text: string, most = Number.MAX_SAFE_INTEGER): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > most)
    throw new CliError('usage', `${text} is no number from 0 to ${most}.`);
  return value;
}

function collect(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text];
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
