// Who is asked for peers by verbs that run an engine inside themselves: as their flags say, else as the config says.

import type { Discovery, Subject } from '@shoal/discovery';
import { parsePeer, trackersOf } from '@shoal/node/addresses';
import { type Config, listOf } from '@shoal/node/config';
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
  config: Config,
  flags: FindingFlags,
): OpenFinding {
  const broken = (error: unknown) => context.output.note(`Nobody can be asked: ${error}`);
  async function open(): Promise<Finding> {
    const { openFinding } = await import('@shoal/node/engine');
    return openFinding(engine, { ...(await askingOf(context, config, flags)), broken });
  }
  const opened = open();
  return {
    follow(transfer, source, options) {
      const trackers = trackersFor(source, flags);
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
    readonly config: Config;
    readonly peerId: Uint8Array;
    readonly port: number;
    readonly data: string;
    readonly flags: FindingFlags;
  },
): Promise<Discovery> {
  const { openDiscovery: open } = await import('@shoal/node/engine');
  const { config, flags, ...rest } = options;
  return open({ ...rest, ...(await askingOf(context, config, flags)) });
}

async function askingOf(context: Context, config: Config, flags: FindingFlags) {
  return {
    world: await context.world(),
    version: context.version,
    mode: config.network,
    trackers: listOf(config.trackers),
    indexes: indexesOf(config, flags),
    dhtBootstrap: (flags.dhtBootstrap ?? listOf(config['dht.bootstrap'])).map(parsePeer),
    lan: looksAround(flags, config),
  };
}

/** Its own, and those that were named for it. */
export function trackersFor(
  source: NamedSource,
  { tracker = [] }: Pick<FindingFlags, 'tracker'>,
): readonly (readonly string[])[] {
  const own = trackersOf(source);
  const known = new Set(own.flat());
  return [...own, ...tracker.filter((url) => !known.has(url)).map((url) => [url])];
}

export function indexesOf(config: Config, { index }: Pick<FindingFlags, 'index'>): readonly string[] {
  return config.network === 'distributed' ? [] : (index ?? listOf(config.indexes));
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
export function looksAround({ lan }: Pick<FindingFlags, 'lan'>, config?: Config): boolean {
  return lan && config?.lan !== 'off' && process.env.SHOAL_LAN !== 'off';
}

/** A port of the config may be the running node's; one that was asked for has to be free. */
export function portsOf(
  config: Config,
  { port }: { readonly port?: number },
): { readonly port: number; readonly mayMovePort: boolean } {
  return port === undefined
    ? { port: config.port === 'usual' ? 0 : Number(config.port), mayMovePort: true }
    : { port, mayMovePort: false };
}
