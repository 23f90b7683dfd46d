// What `bind` in the config comes to: own addresses that everything leaves from, and, for an interface, the proof that
// the system holds traffic to it. Node cannot tie a socket to an interface, so without that proof nothing starts:
// a bound address alone goes out wherever the routes say once the interface is down.

import { filterNetwork, ipToBytes, type NetworkInterface, type World } from '@shoal/base';
import { bindWorld } from '@shoal/base/node';
import type { Config } from '../config/schema.ts';
import { NodeError } from '../errors.ts';
import { Blocklists } from './blocklists.ts';
import { isLeftAlone, type Route, type RoutingRule, readRoutes, readRules } from './routing.ts';
import { type System, systemOf } from './system.ts';

export type NetworkConfig = Pick<Config, 'bind' | 'name-servers'> & Partial<Pick<Config, 'filter.lists'>>;

export interface Binding {
  /** One of each family at most. */
  readonly addresses: readonly string[];
  readonly interfaceName: string;
  /** What holds traffic to the interface; `nothing` where only addresses were asked for. */
  readonly heldBy: 'namespace' | 'rules' | 'nothing';
}

/**
 * The same world, its network bound as the config says, and without the addresses of the lists that are named. Throws a
 * NodeError when that cannot be done or held.
 */
export async function bindToConfig(world: World, config: NetworkConfig): Promise<World> {
  const { 'name-servers': servers, 'filter.lists': lists = 'none' } = config;
  const binding = await planBinding(config.bind, systemOf(world));
  const blocklists = new Blocklists(world.disk);
  await blocklists.use(lists);
  const nameServers = servers === 'system' ? [] : servers.split(',').map((server) => server.trim());
  const bound = binding === undefined ? world : bindWorld(world, { bind: binding.addresses, nameServers });
  if (lists === 'none') return bound;
  return { ...bound, ...filterNetwork(bound, (address) => blocklists.filter.isBlocked(address)) };
}

/** `bind` as in the config: `any`, own addresses with commas between, or the name of an interface. Throws a NodeError. */
export async function planBinding(bind: string, system: System): Promise<Binding | undefined> {
  if (bind === 'any') return undefined;
  const interfaces = system.interfaces();
  const words = bind.split(',').map((word) => word.trim());
  if (words.every((word) => ipToBytes(word) !== undefined)) return ownAddresses(words, interfaces);
  const named = interfaces.filter(({ name }) => name === bind);
  const addresses = onePerFamily(named);
  if (addresses.length === 0)
    throw new NodeError('bind-unknown', unknownText(bind, interfaces), { value: bind });
  const heldBy = await findHold(bind, addresses, system);
  return { addresses, interfaceName: bind, heldBy };
}

function ownAddresses(addresses: readonly string[], interfaces: readonly NetworkInterface[]): Binding {
  const owners = addresses.map((address) => {
    const owner = interfaces.find((own) => own.address === address);
    if (owner === undefined)
      throw new NodeError('bind-unknown', unknownText(address, interfaces), { value: address });
    return owner;
  });
  const families = new Set(owners.map(({ family }) => family));
  if (families.size < owners.length)
    throw new NodeError('bind-unknown', 'One address of each family can be bound, not two of one.', {
      value: addresses.join(','),
    });
  return { addresses, interfaceName: owners[0]?.name ?? '', heldBy: 'nothing' };
}

/** The first of each family that reaches beyond its link. */
function onePerFamily(interfaces: readonly NetworkInterface[]): string[] {
  return ([4, 6] as const).flatMap((family) => {
    const found = interfaces.find((own) => own.family === family && own.zone === undefined);
    return found === undefined ? [] : [found.address];
  });
}

function unknownText(bind: string, interfaces: readonly NetworkInterface[]): string {
  const here = interfaces.map(({ name, address }) => `${address} (${name})`).join(', ');
  return `Nothing here that is up is called ${bind} or has that address, so nothing can be bound to it. There are: ${here || 'none'}.`;
}

async function findHold(
  name: string,
  addresses: readonly string[],
  system: System,
): Promise<'namespace' | 'rules'> {
  if (system.platform !== 'linux')
    throw notHeld(
      system.platform,
      name,
      addresses,
      `only Linux can hold traffic to an interface, and this is ${system.platform}`,
    );
  const others = (await system.interfaceNames()).filter((other) => other !== name && !isHarmless(other));
  if (others.length === 0) return 'namespace';
  for (const address of addresses) {
    const why = await whyNotRouted(name, address, system);
    if (why !== undefined) throw notHeld(system.platform, name, addresses, why, others);
  }
  return 'rules';
}

/** Loopback, and the fallback devices that the kernel makes in each namespace with its tunnel modules. */
function isHarmless(name: string): boolean {
  return /^(?:lo|tunl0|sit0|ip6tnl0|gre0|gretap0|erspan0|ip6gre0|ip_vti0|ip6_vti0)$/.test(name);
}

/** Undefined when all that leaves from `address` can only leave through the interface. */
async function whyNotRouted(name: string, address: string, system: System): Promise<string | undefined> {
  const family = address.includes(':') ? 6 : 4;
  const rules = await readRules(system, family);
  if (rules === undefined) return 'the routing rules cannot be read: the program `ip` (iproute2) is missing';
  // What is for this machine itself stays on it.
  const ours = rules.filter((rule) => rule.table !== 'local' && !isLeftAlone(rule, address));
  const [rule] = ours;
  if (rule === undefined) return undefined;
  const where = `rule ${rule.priority} for what leaves from ${address}`;
  if (!rule.isPlain) return `${where} also asks for something else, and what it leads to cannot be told`;
  if (rule.table === undefined) return rule.isDeadEnd ? undefined : `${where} names no table`;
  return whyTableLeaks(name, rule, await readRoutes(system, family, rule.table), where);
}

function whyTableLeaks(
  name: string,
  rule: RoutingRule,
  routes: readonly Route[],
  where: string,
): string | undefined {
  const stray = routes.find(
    ({ devices, isDeadEnd }) => !isDeadEnd && devices.some((device) => device !== name),
  );
  if (stray !== undefined)
    return `${where} leads to table ${rule.table}, which sends ${stray.to} through ${stray.devices.join(' and ')}`;
  if (!routes.some(({ to, isDeadEnd }) => to === 'default' && isDeadEnd))
    return `${where} leads to table ${rule.table}, which has no blackhole at its end: when ${name} goes, other routes take over`;
  return undefined;
}

function notHeld(
  platform: string,
  name: string,
  addresses: readonly string[],
  why: string,
  others: readonly string[] = [],
): NodeError {
  const beside = others.length === 0 ? '' : ` (there is ${others.join(', ')} beside it)`;
  const lines = addresses.map((address) => {
    const ip = address.includes(':') ? 'ip -6' : 'ip';
    return [
      `  ${ip} rule add from ${address} lookup 4870 priority 100`,
      `  ${ip} route add default dev ${name} table 4870   (with "via ROUTER" where there is one)`,
      `  ${ip} route add blackhole default metric 9999 table 4870`,
    ].join('\n');
  });
  const remedy =
    platform === 'linux'
      ? `Run it in a network namespace that has ${name} alone, or set up as root:\n${lines.join('\n')}`
      : `Bind to its address instead (${addresses.join(',')}), knowing that routes decide where that goes.`;
  return new NodeError('bind-not-held', `Traffic cannot be held to ${name}${beside}: ${why}.\n${remedy}`, {
    value: name,
  });
}
