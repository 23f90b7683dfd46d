// Linux's routing rules and tables, as far as they say where traffic from one address goes. What is not understood is
// never taken for harmless.

import { ipToBytes } from '@shoal/base';
import type { System } from './system.ts';

export interface RoutingRule {
  readonly priority: number;
  /** Undefined where the rule leads to no table. */
  readonly table: string | undefined;
  /** Drops or refuses by itself. */
  readonly isDeadEnd: boolean;
  /** It looks at nothing but the source address. */
  readonly isPlain: boolean;
  /** The source network; undefined is every one. */
  readonly from: { readonly address: string; readonly bits: number } | undefined;
  /** It is for what does not fit. */
  readonly isNegated: boolean;
}

export interface Route {
  readonly to: string;
  readonly devices: readonly string[];
  readonly isDeadEnd: boolean;
}

const deadEnds = new Set(['blackhole', 'unreachable', 'prohibit']);
/** What a rule may say without narrowing whom it is for. */
const plainKeys = new Set(['priority', 'src', 'srclen', 'table', 'protocol', 'action']);

/** In their order. Undefined when the system cannot be asked. */
export async function readRules(system: System, family: 4 | 6): Promise<RoutingRule[] | undefined> {
  const rules = await ask(system, family, ['rule', 'show']);
  return rules?.map((rule) => {
    const src = textOf(rule.src);
    const isAll = src === undefined || src === 'all';
    const action = textOf(rule.action);
    return {
      priority: Number(rule.priority),
      table: textOf(rule.table),
      isDeadEnd: action !== undefined && deadEnds.has(action),
      isPlain: Object.keys(rule).every((key) => plainKeys.has(key)),
      from: isAll ? undefined : { address: src, bits: Number(rule.srclen ?? (family === 4 ? 32 : 128)) },
      isNegated: 'not' in rule,
    };
  });
}

/** It can never be for what leaves from this address. */
export function isLeftAlone({ from, isNegated }: RoutingRule, address: string): boolean {
  if (from === undefined || isNegated) return false;
  const [network, own] = [ipToBytes(from.address), ipToBytes(address)];
  if (network === undefined || own === undefined) return false;
  for (let bit = 0; bit < from.bits; bit++) {
    const mask = 0x80 >> (bit & 7);
    if (((network[bit >> 3] ?? 0) & mask) !== ((own[bit >> 3] ?? 0) & mask)) return true;
  }
  return false;
}

/** Empty for a table that is not there. */
export async function readRoutes(system: System, family: 4 | 6, table: string): Promise<Route[]> {
  const routes = await ask(system, family, ['route', 'show', 'table', table]);
  return (routes ?? []).map((route) => {
    const type = textOf(route.type);
    const hops: unknown[] = Array.isArray(route.nexthops) ? route.nexthops : [];
    const devices = [route, ...hops].flatMap((hop) => (isRecord(hop) ? (textOf(hop.dev) ?? []) : []));
    return {
      to: textOf(route.dst) ?? '?',
      // Without a device it might lead anywhere.
      devices: devices.length === 0 ? ['?'] : devices,
      isDeadEnd: type !== undefined && deadEnds.has(type),
    };
  });
}

async function ask(
  system: System,
  family: 4 | 6,
  words: readonly string[],
): Promise<Record<string, unknown>[] | undefined> {
  const text = await system.run('ip', [`-${family}`, '-json', ...words]);
  if (text === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(text.trim() || '[]');
    return Array.isArray(parsed) ? parsed.filter(isRecord) : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
