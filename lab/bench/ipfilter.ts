// How many addresses a second are looked up in a large blocklist, on one core. Run: `shoal bench ipfilter`.
// The list is made up: `--ranges N` of IPv4 (300,000) and a tenth of that of IPv6, as p2p text.

import { parseArgs } from 'node:util';
import { IpFilter, IpRanges, ipFromBytes, readIpList } from '@shoal/base';
import { printTable, short } from './table.ts';

const { values } = parseArgs({ options: { ranges: { type: 'string', default: '300000' } } });
const wanted = Number(values.ranges);
/** More than a node ever knows at once; so many strings that caches do not hold them would measure memory. */
const addresses = 20_000;
const rounds = 500;

let seed = 1;
const random = (): number => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed;
};
const bytes4 = (value: number): Uint8Array => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
const bytes6 = (): Uint8Array => {
  const bytes = new Uint8Array(16);
  for (let i = 0; i < 16; i += 4) bytes.set(bytes4(random()), i);
  bytes.set([0x20, 0x01]);
  return bytes;
};

const lines: string[] = [];
for (let i = 0; i < wanted; i++) {
  const first = random();
  const last = Math.min(0xffff_ffff, first + (random() >>> 20));
  lines.push(`Somebody, Inc ${i}:${ipFromBytes(bytes4(first))}-${ipFromBytes(bytes4(last))}`);
}
for (let i = 0; i < wanted / 10; i++) lines.push(`${ipFromBytes(bytes6())}/${40 + (random() % 40)}`);
const text = new TextEncoder().encode(lines.join('\n'));

const ranges = new IpRanges();
const filter = new IpFilter();
const readMs = time(() => void readIpList(text, ranges));
const sortMs = time(() => filter.use(ranges));
console.log(
  `${ranges.size} ranges (${filter.size} when taken together), ${short(text.length / 1e6)} MB of text: read in ${short(readMs)} ms, sorted in ${short(sortMs)} ms\n`,
);

const asked4 = Uint32Array.from({ length: addresses }, random);
const asked6 = Array.from({ length: addresses }, bytes6);
const text4 = Array.from(asked4, (address) => ipFromBytes(bytes4(address)));
const text6 = asked6.map(ipFromBytes);

printTable(
  ['lookups of', 'million a second', 'ns each', 'blocked'],
  [
    row('IPv4 numbers', asked4.length, () => count(asked4, (address) => filter.isBlocked4(address))),
    row('IPv4 text', text4.length, () => count(text4, (address) => filter.isBlocked(address))),
    row('IPv6 bytes', asked6.length, () => count(asked6, (address) => filter.isBlockedBytes(address))),
    row('IPv6 text', text6.length, () => count(text6, (address) => filter.isBlocked(address))),
  ],
);

function count<Item>(items: ArrayLike<Item>, isBlocked: (item: Item) => boolean): number {
  let blocked = 0;
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    if (item !== undefined && isBlocked(item)) blocked++;
  }
  return blocked;
}

function row(what: string, each: number, run: () => number): string[] {
  let blocked = run();
  const ms = time(() => {
    for (let i = 0; i < rounds; i++) blocked = run();
  });
  const lookups = each * rounds;
  return [
    what,
    short(lookups / ms / 1000),
    short((ms * 1e6) / lookups),
    `${short((blocked * 100) / each)} %`,
  ];
}

function time(action: () => void): number {
  const startedMs = performance.now();
  action();
  return performance.now() - startedMs;
}
