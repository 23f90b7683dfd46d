// What `shoal index` is told: by flags, and by a file whose keys are the flags' names. Flags win.

import { parseIndexUrl } from '@shoal/directory';
import { CliError } from '../exit-codes.ts';
import type { Context } from '../verb.ts';

export interface IndexFlags {
  readonly data?: string;
  readonly config?: string;
  readonly port?: number;
  readonly address?: readonly string[];
  readonly certificate?: string;
  readonly key?: string;
  readonly listed?: string;
  readonly users?: string;
  readonly publishers?: string;
  readonly private?: true;
  readonly leastRatio?: number;
  readonly interval?: number;
  readonly refuseBlocked?: true;
  readonly askHealth?: true;
  readonly dhtBootstrap?: readonly string[];
  readonly follow?: readonly string[];
  readonly followBlocks?: true;
  readonly shareBlocks?: true;
  readonly exportHours?: number;
  readonly proxy?: readonly string[];
  readonly unlimited?: true;
  readonly threads?: number;
  readonly database?: string;
  readonly leases?: string;
  readonly store?: string;
  readonly storeLimit?: string;
  readonly storeKeeps?: string;
}

type Kind = 'text' | 'number' | 'texts' | 'switch';

/** The keys of the file, and what each may be. */
const kinds: Readonly<Record<Exclude<keyof IndexFlags, 'config'>, Kind>> = {
  data: 'text',
  port: 'number',
  address: 'texts',
  certificate: 'text',
  key: 'text',
  listed: 'text',
  users: 'text',
  publishers: 'text',
  private: 'switch',
  leastRatio: 'number',
  interval: 'number',
  refuseBlocked: 'switch',
  askHealth: 'switch',
  dhtBootstrap: 'texts',
  follow: 'texts',
  followBlocks: 'switch',
  shareBlocks: 'switch',
  exportHours: 'number',
  proxy: 'texts',
  unlimited: 'switch',
  threads: 'number',
  database: 'text',
  leases: 'text',
  store: 'text',
  storeLimit: 'text',
  storeKeeps: 'text',
};

const says: Readonly<Record<Kind, (value: unknown) => boolean>> = {
  text: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  texts: (value) => Array.isArray(value) && value.every((entry) => typeof entry === 'string'),
  switch: (value) => value === true,
};

export async function effectiveFlags(context: Context, given: IndexFlags): Promise<IndexFlags> {
  const { disk } = await context.world();
  const flags =
    given.config === undefined ? given : { ...(await readFlags(context, given.config)), ...given };
  const { port = 0, leastRatio = 0, interval = 60, threads = 1 } = flags;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw wrong('port', 'a number from 0 to 65535');
  if (!(leastRatio >= 0)) throw wrong('least-ratio', 'a number of at least 0');
  // 65,536 ticks of leases are six days; nobody comes back that rarely.
  if (!Number.isInteger(interval) || interval < 10 || interval > 86_400)
    throw wrong('interval', 'a number of seconds from 10 to 86400');
  if (!Number.isInteger(threads) || threads < 1 || threads > 64)
    throw wrong('threads', 'a number from 1 to 64');
  if (!(flags.exportHours === undefined || (flags.exportHours >= 0 && flags.exportHours <= 8_760)))
    throw wrong('export-hours', 'a number of hours, or 0');
  for (const url of flags.follow ?? []) parseIndexUrl(url);
  if (threads > 1 && flags.refuseBlocked === true)
    throw new CliError('usage', '--threads is for open trackers: not with --refuse-blocked.');
  const isOpen = flags.listed === undefined && flags.users === undefined && flags.private !== true;
  if (threads > 1 && !isOpen)
    throw new CliError('usage', '--threads is for open trackers: not with --listed, --users or --private.');
  if (flags.users !== undefined && flags.private === true)
    throw new CliError('usage', 'Users are in a file (--users) or in the database (--private), not in both.');
  if ((flags.certificate === undefined) !== (flags.key === undefined))
    throw new CliError('usage', 'HTTPS needs both --certificate FILE and --key FILE.');
  const keys = flags.publishers === 'all' || flags.publishers === 'none' ? undefined : flags.publishers;
  for (const path of [flags.certificate, flags.key, flags.listed, flags.users, keys])
    if (path !== undefined) await disk.stat(path);
  return flags;
}

async function readFlags(context: Context, path: string): Promise<IndexFlags> {
  const [{ disk }, { readText }] = await Promise.all([context.world(), import('@shoal/index')]);
  const text = await readText(disk, path);
  if (text === undefined) throw new CliError('usage', `There is no config file ${path}.`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CliError('usage', `The config file ${path} is no JSON.`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new CliError('usage', `The config file ${path} is no object.`);
  const flags: Record<string, unknown> = {};
  for (const [name, entry] of Object.entries(value)) {
    const key = name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const kind = Object.entries(kinds).find(([known]) => known === key)?.[1];
    if (kind === undefined)
      throw new CliError('usage', `The config file ${path} has an unknown key "${name}".`);
    if (!says[kind](entry))
      throw new CliError('usage', `In the config file ${path}, "${name}" is no ${kind}.`);
    flags[key] = entry;
  }
  return flags;
}

function wrong(flag: string, what: string): CliError {
  return new CliError('usage', `--${flag} is ${what}.`);
}
