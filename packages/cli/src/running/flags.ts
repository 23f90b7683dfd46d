// The flags of `get` and `share` where a node does the work: what belongs to a transfer goes along, and what belongs to
// the node stays as the node has it.

import type { NewTransfer } from '@shoal/api';
import { parseRate } from '@shoal/node/config';
import { CliError } from '../exit-codes.ts';
import { parsePeer } from '../transferring/sources.ts';
import type { Context } from '../verb.ts';
import type { RunningNode } from './running-node.ts';

export interface CommonFlags {
  readonly peer?: readonly string[];
  readonly tracker?: readonly string[];
  readonly downLimit?: string;
  readonly upLimit?: string;
  readonly limitLan?: true;
  readonly port?: number;
  readonly index?: readonly string[];
  readonly dhtBootstrap?: readonly string[];
  readonly network?: string;
  readonly bind?: string;
  readonly lan: boolean;
  readonly encryption?: string;
}

export function commonRequest({ peer = [], tracker = [], downLimit, upLimit }: CommonFlags): NewTransfer {
  const limits = {
    ...(downLimit !== undefined && { down: parseRate(downLimit) ?? null }),
    ...(upLimit !== undefined && { up: parseRate(upLimit) ?? null }),
  };
  for (const text of peer) parsePeer(text);
  return {
    ...(peer.length > 0 && { peers: [...peer] }),
    ...(tracker.length > 0 && { trackers: [...tracker] }),
    ...(Object.keys(limits).length > 0 && { limits }),
  };
}

/** What keeps something secret is not dropped without a refusal; the rest is, with a word. */
export function tellIgnored({ output }: Context, node: RunningNode, flags: CommonFlags): void {
  const differs = (flag: string): CliError =>
    new CliError(
      'usage',
      `${flag} is for the node, which runs already with the data folder ${node.data}.\nSet it there, or run this beside it with --data DIR.`,
    );
  if (flags.network !== undefined && flags.network !== node.network)
    throw differs(`--network ${flags.network}`);
  if (flags.bind !== undefined) throw differs(`--bind ${flags.bind}`);
  if ((flags.encryption ?? 'prefer-plain') !== 'prefer-plain')
    throw differs(`--encryption ${flags.encryption}`);
  const ignored = [
    ...(flags.port === undefined ? [] : ['--port']),
    ...(flags.index === undefined ? [] : ['--index']),
    ...(flags.dhtBootstrap === undefined ? [] : ['--dht-bootstrap']),
    ...(flags.lan ? [] : ['--no-lan']),
    ...(flags.limitLan === undefined ? [] : ['--limit-lan']),
  ];
  if (ignored.length > 0)
    output.note(
      `The node of ${node.data} does it, as it was started: ${ignored.join(', ')} changes nothing.`,
    );
}
