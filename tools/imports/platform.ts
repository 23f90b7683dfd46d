// What of the platform's clocks, timers, randomness, sockets, files and threads a module reaches for itself, although
// it should take them from the World (DESIGN, rule 1). Each finding says which part of the World has it.

import { isNode, type Node, nodesIn, propertyOf, type Visit } from './syntax.ts';

export interface PlatformUse {
  readonly what: string;
  readonly instead: string;
  readonly line: number;
}

const inTheWorld = {
  clock: 'take a Clock from the World',
  random: 'take the Random of the World',
  streams: 'take the Streams or TlsStreams of the World',
  datagrams: 'take the Datagrams of the World',
  names: 'take the Names of the World',
  http: 'take the Http of the World',
  disk: 'take the Disk of the World',
  threads: 'take the Hashing of the World, or let the node start threads and processes',
  machine: 'let whoever puts the rooms together pass it in',
} as const;

const modules: ReadonlyMap<string, string> = new Map([
  ['net', inTheWorld.streams],
  ['tls', inTheWorld.streams],
  ['dgram', inTheWorld.datagrams],
  ['dns', inTheWorld.names],
  ['dns/promises', inTheWorld.names],
  ['http', inTheWorld.http],
  ['https', inTheWorld.http],
  ['http2', inTheWorld.http],
  ['fs', inTheWorld.disk],
  ['fs/promises', inTheWorld.disk],
  ['timers', inTheWorld.clock],
  ['timers/promises', inTheWorld.clock],
  ['perf_hooks', inTheWorld.clock],
  ['worker_threads', inTheWorld.threads],
  ['child_process', inTheWorld.threads],
  ['cluster', inTheWorld.threads],
  ['os', inTheWorld.machine],
  ['process', inTheWorld.machine],
  ['module', inTheWorld.machine],
  ['inspector', inTheWorld.machine],
  ['inspector/promises', inTheWorld.machine],
  ['readline', inTheWorld.machine],
  ['readline/promises', inTheWorld.machine],
  ['repl', inTheWorld.machine],
  ['tty', inTheWorld.machine],
]);

const globals: ReadonlyMap<string, string> = new Map([
  ['setTimeout', inTheWorld.clock],
  ['setInterval', inTheWorld.clock],
  ['setImmediate', inTheWorld.clock],
  ['performance', inTheWorld.clock],
  ['MessageChannel', inTheWorld.clock],
  ['fetch', inTheWorld.http],
  ['XMLHttpRequest', inTheWorld.http],
  ['EventSource', inTheWorld.http],
  ['WebSocket', inTheWorld.http],
  ['Worker', inTheWorld.threads],
  ['BroadcastChannel', inTheWorld.threads],
  ['localStorage', inTheWorld.disk],
  ['sessionStorage', inTheWorld.disk],
]);

/** Globals of which some members only go around the World; the others are pure. */
const members = new Map<string, { isPure(member: string): boolean; instead: string }>([
  ['Date', { isPure: (member) => ['parse', 'UTC', 'prototype'].includes(member), instead: inTheWorld.clock }],
  ['Temporal', { isPure: (member) => member !== 'Now', instead: inTheWorld.clock }],
  ['AbortSignal', { isPure: (member) => member !== 'timeout', instead: inTheWorld.clock }],
  ['Math', { isPure: (member) => member !== 'random', instead: inTheWorld.random }],
  ['crypto', { isPure: (member) => member === 'subtle', instead: inTheWorld.random }],
  ['process', { isPure: isConstantOfProcess, instead: inTheWorld.machine }],
]);

function isConstantOfProcess(member: string): boolean {
  return ['platform', 'arch', 'version', 'versions', 'emitWarning'].includes(member);
}

const globalObjects: ReadonlySet<string> = new Set(['globalThis', 'global', 'self', 'window']);

/** What `node:crypto` draws from the machine's randomness. */
const randomOfCrypto =
  /^(random|pseudoRandom|getRandom|prng|rng|webcrypto|generateKey|generatePrime|createDiffieHellman|createECDH|getDiffieHellman|default$)/;

export function platformUsesIn(visit: Visit): readonly Omit<PlatformUse, 'line'>[] {
  const { node } = visit;
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      return fromCrypto(node);
    case 'Identifier':
    case 'MemberExpression':
      return visit.inType || !isReference(visit) ? [] : fromGlobal(visit);
    default:
      return [];
  }
}

/** Why a module of the platform may not be imported; undefined where it may. */
export function insteadOfModule(specifier: string): string | undefined {
  return modules.get(specifier.replace(/^node:/, ''));
}

export function isTestRunner(specifier: string): boolean {
  return /^(node:)?(test|assert)(\/|$)/.test(specifier);
}

function fromCrypto(node: Node): readonly Omit<PlatformUse, 'line'>[] {
  const source = node.source;
  if (!isNode(source) || !/^(node:)?crypto$/.test(String(source.value)) || node.importKind === 'type')
    return [];
  const specifiers = nodesIn(node.specifiers);
  if (specifiers.length === 0 || specifiers.some(({ type }) => !/^(Import|Export)Specifier$/.test(type))) {
    return [{ what: 'all of node:crypto', instead: 'import the names that are needed' }];
  }
  return specifiers.flatMap((specifier) => {
    const imported = specifier.imported ?? specifier.local;
    const name = isNode(imported) ? String(imported.name ?? imported.value) : '';
    return randomOfCrypto.test(name) ? [{ what: `${name} of node:crypto`, instead: inTheWorld.random }] : [];
  });
}

function fromGlobal(visit: Visit): readonly Omit<PlatformUse, 'line'>[] {
  const { node, parent, field } = visit;
  const name = globalName(node, visit);
  if (name === undefined || parent === undefined) return [];
  const banned = globals.get(name);
  if (banned !== undefined) return [{ what: name, instead: banned }];
  const isObjectOfMember = parent.type === 'MemberExpression' && field === 'object';
  const member = isObjectOfMember ? propertyOf(parent) : undefined;
  if (globalObjects.has(name)) {
    return member === undefined
      ? [{ what: `${name} as a whole`, instead: 'name the global that is meant' }]
      : [];
  }
  const partly = members.get(name);
  if (partly === undefined || isHarmless(name, visit)) return [];
  if (member !== undefined && partly.isPure(member)) return [];
  return [
    { what: member === undefined ? `${name} as a whole` : `${name}.${member}`, instead: partly.instead },
  ];
}

/** `x instanceof Date`, `typeof process` and `new Date(ms)` ask the platform nothing. */
function isHarmless(name: string, { parent, field }: Visit): boolean {
  if (parent?.type === 'BinaryExpression') return parent.operator === 'instanceof' && field === 'right';
  if (parent?.type === 'UnaryExpression') return parent.operator === 'typeof';
  if (name !== 'Date' || parent?.type !== 'NewExpression' || field !== 'callee') return false;
  const [first] = nodesIn(parent.arguments);
  return first !== undefined && first.type !== 'SpreadElement';
}

/** The name of a global, also where it is spelled `globalThis.name`. */
function globalName(node: Node, visit: Visit): string | undefined {
  if (node.type === 'Identifier') {
    const name = String(node.name);
    return visit.isBound(name) ? undefined : name;
  }
  const object = node.object;
  if (node.type !== 'MemberExpression' || !isNode(object)) return undefined;
  const owner = globalName(object, visit);
  return owner !== undefined && globalObjects.has(owner) ? propertyOf(node) : undefined;
}

/** Whether an identifier stands for a value, and is not the name of a property, a label or a specifier. */
function isReference({ node, parent, field }: Visit): boolean {
  if (node.type !== 'Identifier' || parent === undefined) return true;
  if (field === 'property') return parent.computed === true;
  if (field === 'key') return parent.computed === true;
  if (field === 'label') return false;
  return !/^(Import|Export)\w*Specifier$|^MetaProperty$/.test(parent.type);
}
