// Who is asked for peers by verbs that run an engine inside themselves, as their flags say.

import type { Discovery, NetworkMode, Subject } from '@shoal/discovery';
import { parsePeer, trackersOf } from '@shoal/node/addresses';
import type { Engine, Finding } from '@shoal/node/engine';
import type { NamedSource, Transfer } from '@shoal/swarm';
import type { Context } from '../verb.ts';

export interface FindingFlags {
  readonly tracker?: readonly string[];
  readonly index?: readonly string[];
  readonly dhtBootstrap?: readonly string[];
  /** False where `--no-lan` was given. */
  readonly lan: boolean;
}

interface FollowOptions {
  /** Peers were given: the others are asked only when those did not do it within a second. */
  readonly hasPeers: boolean;
  /** It goes on being shared when it is complete. */
  readonly keepsSharing: boolean;
}

interface OpenFinding {
  /** Seeks peers for a transfer, and tells others that it is here, until `close`. */
  follow(transfer: Transfer, source: NamedSource, options: FollowOptions): void;
  /** Tells those who know us that we are gone, and waits for their word no longer than some seconds. */
  close(): Promise<void>;
}

export function openFinding(
  context: Context,
  engine: Engine,
  mode: NetworkMode,
  flags: FindingFlags,
): OpenFinding {
  const broken = (error: unknown) => context.output.note(`Nobody can be asked: ${error}`);
  async function open(): Promise<Finding> {
    const { openFinding } = await import('@shoal/node/engine');
    return openFinding(engine, { ...(await asFlagsSay(context, mode, flags)), broken });
  }
  const opened = open();
  return {
    follow(transfer, source, options) {
      const trackers = trackersOf(source);
      void opened.then(
        (finding) => finding.follow(transfer, { ...options, trackers, failed: tellFailures(context) }),
        broken,
      );
    },
    close: async () => await (await opened).close(),
  };
}

export async function openDiscovery(
  context: Context,
  options: {
    readonly mode: NetworkMode;
    readonly peerId: Uint8Array;
    readonly port: number;
    readonly data: string;
    readonly flags: FindingFlags;
  },
): Promise<Discovery> {
  const { openDiscovery: open } = await import('@shoal/node/engine');
  const { mode, flags, ...rest } = options;
  return open({ ...rest, ...(await asFlagsSay(context, mode, flags)) });
}

async function asFlagsSay(context: Context, mode: NetworkMode, flags: FindingFlags) {
  return {
    world: await context.world(),
    version: context.version,
    mode,
    trackers: flags.tracker ?? [],
    indexes: flags.index ?? [],
    dhtBootstrap: (flags.dhtBootstrap ?? []).map(parsePeer),
    lan: looksAround(flags),
  };
}

/** Each failure once, as long as it stays the same. */
export function tellFailures({ output }: Context): NonNullable<Subject['failed']> {
  const said = new Map<string, string>();
  return ({ kind, teller }, reason) => {
    if (said.get(teller) === reason) return;
    said.set(teller, reason);
    const who =
      kind === 'index'
        ? { event: 'index-failed', index: teller }
        : { event: 'tracker-failed', tracker: teller };
    output.event({ ...who, reason }, `${teller}: ${reason}`);
  };
}

/** Tests turn it off for all that they start. */
export function looksAround({ lan }: Pick<FindingFlags, 'lan'>): boolean {
  return lan && process.env.SHOAL_LAN !== 'off';
}
