// The network: what is bound and held, names, ports, the router, lists, and whose clock is right. Nobody is asked who is
// not named in the config.

import { type World, WorldError } from '@shoal/base';
import { listOf } from '../config/list.ts';
import type { Config } from '../config/schema.ts';
import { planBinding } from '../reach/binding.ts';
import { Blocklists } from '../reach/blocklists.ts';
import { findInside } from '../reach/mapping/gateway.ts';
import { createPortMapper } from '../reach/mapping/port-mapper.ts';
import { judgeReachability } from '../reach/reachability.ts';
import type { System } from '../reach/system.ts';
import { bad, type Finding, ok, warn, wordsOf } from './finding.ts';

const usualPeerPort = 6881;
const answerWithinMs = 5000;
/** Signed records and certificates allow for some minutes. */
const clockWarnMs = 60_000;
const clockBadMs = 10 * 60_000;

export async function checkBinding({ bind }: Config, system: System): Promise<Finding> {
  try {
    const binding = await planBinding(bind, system);
    if (binding === undefined) return ok('bind', 'Nothing is bound: traffic leaves as the system routes it.');
    const addresses = binding.addresses.join(' and ');
    if (binding.heldBy === 'nothing')
      return ok('bind', `Everything leaves from ${addresses}; routes decide through which interface.`);
    const by = binding.heldBy === 'namespace' ? 'there is no other' : 'the routing rules hold it there';
    return ok('bind', `Everything leaves from ${addresses} through ${binding.interfaceName}: ${by}.`);
  } catch (error) {
    const [message = '', ...advice] = wordsOf(error).split('\n');
    return bad('bind', `${message.replace(/\.$/, '')}.`, advice.join('\n') || 'Mend bind in the config.');
  }
}

export async function checkNames(config: Config, { names }: World, signal: AbortSignal): Promise<Finding> {
  const hosts = configured(config).filter((host) => !/^[\d.]+$|:/.test(host));
  const [host = 'localhost'] = hosts;
  try {
    const found = await names.resolve(host, { signal: within(signal) });
    const whole = `The name ${host} is found, as ${found.slice(0, 2).join(' and ')}`;
    if (hosts.length === 0)
      return ok(
        'names',
        `${whole}. No index, tracker or DHT node is named in the config, so no other name was asked for.`,
      );
    return ok('names', `${whole}.`);
  } catch (error) {
    return bad(
      'names',
      `${wordsOf(error)}.`,
      'Look at the name servers of this machine (/etc/resolv.conf), or set name-servers where the node is bound.',
    );
  }
}

export async function checkPort(config: Config, { streams, datagrams }: World): Promise<Finding> {
  const port = Number(config.port === 'usual' ? usualPeerPort : config.port);
  const taken: string[] = [];
  for (const address of ['0.0.0.0', '::'])
    for (const [kind, open] of [
      ['TCP', () => streams.listen({ address, port }, (stream) => stream.destroy())],
      ['UDP', () => datagrams.bind({ address, port }, { message() {}, close() {} })],
    ] as const)
      try {
        await (await open()).close();
      } catch (error) {
        const code = error instanceof WorldError ? error.code : '';
        if (code === 'address-in-use' || code === 'permission') taken.push(`${kind} ${address}`);
      }
  if (taken.length === 0) return ok('port', `Port ${port} is free for peers and the DHT.`);
  const message = `Port ${port} is taken or not allowed (${taken.join(', ')})`;
  return config.port === 'usual'
    ? warn(
        'port',
        `${message}; a node takes another one each time.`,
        'Set port in the config to one that is free, so that a router can pass it on.',
      )
    : bad('port', `${message}.`, 'End the program that has it, or set another port in the config.');
}

export async function checkLists(config: Config, { disk }: World): Promise<Finding> {
  const { 'filter.lists': wanted } = config;
  if (wanted === 'none') return ok('filter', 'No addresses are blocked.');
  try {
    const lists = new Blocklists(disk);
    await lists.use(wanted);
    const sum = (of: 'ranges' | 'bad') => lists.reports.reduce((total, report) => total + report[of], 0);
    const message = `${sum('ranges')} ranges are blocked`;
    const [worst] = lists.reports.filter((report) => report.bad > 0);
    const [line] = worst?.badLines ?? [];
    if (lists.reports.some(({ isCut }) => isCut))
      return warn(
        'filter',
        `${message}; there are more than are taken.`,
        'Name fewer lists in filter.lists.',
      );
    if (worst !== undefined)
      return warn(
        'filter',
        `${message}; ${sum('bad')} lines mean nothing, first line ${line?.line} of ${worst.path}: ${line?.text}`,
        'Look whether the file is a list of addresses.',
      );
    if (sum('ranges') === 0)
      return warn('filter', 'The lists block nothing.', 'Look at the files of filter.lists.');
    return ok('filter', `${message}.`);
  } catch (error) {
    return bad(
      'filter',
      `${wordsOf(error)}. The node does not start without it.`,
      'Mend filter.lists in the config.',
    );
  }
}

/** Against the Date of a server that is named in the config. Undefined where none is. */
export async function checkTime(
  config: Config,
  { http, clock }: World,
  signal: AbortSignal,
): Promise<Finding | undefined> {
  const url = [...listOf(config.indexes), ...listOf(config.trackers)].find((one) => /^https?:/.test(one));
  if (url === undefined) return undefined;
  const { host, origin } = new URL(url);
  try {
    const before = clock.wallTimeMs();
    const response = await http.request({
      url: `${origin}/`,
      method: 'HEAD',
      keepAlive: false,
      signal: within(signal),
    });
    response.destroy();
    const theirs = Date.parse(response.headers.date ?? '');
    if (Number.isNaN(theirs)) return ok('time', `${host} answers, and does not say what time it is.`);
    const off = Math.round(((before + clock.wallTimeMs()) / 2 - theirs) / 1000);
    const message = `This clock is ${Math.abs(off)} s ${off < 0 ? 'behind' : 'before'} that of ${host}`;
    const advice = 'Set the clock; a time service (systemd-timesyncd, chrony) keeps it right.';
    if (Math.abs(off) * 1000 > clockBadMs)
      return bad('time', `${message}: certificates and signatures may not be valid.`, advice);
    if (Math.abs(off) * 1000 > clockWarnMs) return warn('time', `${message}.`, advice);
    return ok('time', `This clock and that of ${host} agree.`);
  } catch (error) {
    return warn(
      'time',
      `${host} does not answer: ${wordsOf(error)}.`,
      'It is named in the config: look whether it is right and running.',
    );
  }
}

/** Asks the router for the peer port, and gives it back. For when no node runs that knows better. */
export async function checkRouter(config: Config, world: World, system: System): Promise<Finding> {
  const addresses = world.interfaces
    .list()
    .filter(({ isLoopback }) => !isLoopback)
    .map(({ address }) => address);
  if (addresses.length === 0)
    return bad('reach', 'This machine is on no network.', 'Plug in a cable, or join a network.');
  const incoming = { fromInternet: 0, fromNearby: 0 };
  if (config['port-mapping'] === 'off' || config.lan === 'off')
    return reachFinding(
      judgeReachability({ incoming, mapping: undefined, seenAddress: undefined, addresses }),
    );
  const port = Number(config.port === 'usual' ? usualPeerPort : config.port) || usualPeerPort;
  const mapper = createPortMapper({
    ...world,
    findInside: () => findInside(system),
    ports: [{ protocol: 'tcp', port }],
  });
  await mapper.ready;
  const { report } = mapper;
  await mapper.close();
  const finding = reachFinding(
    judgeReachability({ incoming, mapping: report, seenAddress: undefined, addresses }),
  );
  const tried = report.tried.map(({ way, message }) => `${way}: ${message}`).join('; ');
  return tried === '' || report.state === 'mapped'
    ? finding
    : { ...finding, message: `${finding.message} (${tried})` };
}

export function reachFinding({
  state,
  message,
  advice,
}: {
  readonly state: 'reachable' | 'unreachable' | 'unknown';
  readonly message: string;
  readonly advice?: string;
}): Finding {
  if (state !== 'unreachable') return { check: 'reach', state: 'ok', message, ...(advice && { advice }) };
  return warn('reach', message, advice ?? 'Forward the peer port at the router.');
}

function configured(config: Config): string[] {
  const urls = [...listOf(config.indexes), ...listOf(config.trackers)];
  const nodes = listOf(config['dht.bootstrap']).map((node) => node.replace(/:\d+$/, ''));
  return [...urls.flatMap((url) => URL.parse(url)?.hostname ?? []), ...nodes];
}

function within(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]);
}
