// Search in a catalogue of millions: import, questions of two words, and publications at the same time. Run:
// `shoal bench search [--entries 200000] [--seed 1] [--seconds 20] [--writes 100] [--postgres] [--database ADDRESS]
// [--records FILE] [--keep] [--reuse]`. The records are signed first, into FILE, which stays; what is there already is
// taken as it is, so that an import can be measured alone (`--seconds 0`). With `--keep` the database stays, and `--reuse
// --database ADDRESS` with the same FILE asks it again without an import. `--postgres` starts a PostgreSQL. Words come from
// a fixed vocabulary with Zipf's frequencies; each word of a question is in 0.1 to 1% of the entries.

import { createReadStream, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, open, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createNodeWorld } from '@shoal/base/node';
import { type Category, categories, type PublicationContent, signPublication } from '@shoal/directory';
import { type Identity, identityFromSeed } from '@shoal/identity';
import { openDatabase, startSignatureThreads } from '@shoal/index/node';
import { openCatalogue } from '@shoal/index/sections';
import { startPostgres } from '../../packages/index/test/database/postgres-server.ts';

const { values: flags } = parseArgs({
  allowPositionals: true,
  options: {
    entries: { type: 'string', default: '200000' },
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '20' },
    writes: { type: 'string', default: '100' },
    database: { type: 'string' },
    records: { type: 'string' },
    postgres: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    reuse: { type: 'boolean', default: false },
  },
});
const entries = Number(flags.entries);
const vocabularySize = 100_000;
const publishers = 200;
const chunk = 10_000;
/** A record is shorter, and so is the number before it. */
const lengthDigits = 6;

/** Mulberry32: the same numbers for the same seed. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = generator(Number(flags.seed));
const syllables =
  'ba be bi bo bu da de di do du ka ke ki ko ku la le li lo lu ma me mi mo mu na ne ni no nu ra re ri ro ru sa se si so su ta te ti to tu'.split(
    ' ',
  );
const vocabulary = [...new Set(Array.from({ length: 2 * vocabularySize }, () => makeWord()))].slice(
  0,
  vocabularySize,
);

function makeWord(): string {
  const length = 2 + Math.floor(random() * 3.5);
  return Array.from({ length }, () => syllables[Math.floor(random() * syllables.length)]).join('');
}

/** Zipf with exponent 1: the sums of 1/rank, and a search in them. */
const sums = new Float64Array(vocabulary.length);
let sum = 0;
for (let rank = 0; rank < sums.length; rank++) {
  sum += 1 / (rank + 1);
  sums[rank] = sum;
}

function zipf(): number {
  const wanted = random() * sum;
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sums[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** In how many entries each word is. */
const uses = new Uint32Array(vocabulary.length);
const identities = Array.from({ length: publishers }, (_, i) => {
  const seed = new Uint8Array(32);
  new DataView(seed.buffer).setUint32(0, i + 1);
  return identityFromSeed(seed);
});
let made = 0;

function sentence(length: number, used: Set<number>): string {
  return Array.from({ length }, () => {
    const word = zipf();
    used.add(word);
    return vocabulary[word];
  }).join(' ');
}

function makeContent(): { identity: Identity; content: PublicationContent } {
  const used = new Set<number>();
  const v1 = new Uint8Array(20);
  const view = new DataView(v1.buffer);
  for (let at = 0; at < 16; at += 4) view.setUint32(at, random() * 2 ** 32);
  view.setUint32(16, made++);
  const category: Category = categories[Math.floor(random() * categories.length)] ?? 'other';
  const title = sentence(3 + Math.floor(random() * 6), used);
  const description = sentence(15 + Math.floor(random() * 20), used);
  const tags = [...new Set(sentence(2, used).split(' '))];
  const identity: Identity | undefined = identities[Math.floor(random() * publishers)];
  if (identity === undefined) throw new Error('no identity');
  for (const word of used) uses[word] = (uses[word] ?? 0) + 1;
  const size = Math.floor(2 ** (20 + random() * 15));
  const files = [{ path: `${title}/${title.replaceAll(' ', '.')}.mkv`, length: size }];
  const content = { infoHashes: { v1 }, title, description, category, tags, size, files };
  return { identity, content: { ...content, trackers: [], supersedes: [] } };
}

function makeRecord(): Uint8Array {
  const { identity, content } = makeContent();
  return signPublication(identity, content, { sequence: 1, madeAt: Math.floor(Date.now() / 1000) });
}

function percentile(times: number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

function tell(what: string, times: number[]): void {
  const [p50, p90, p99, most] = [0.5, 0.9, 0.99, 1].map((share) => percentile(times, share).toFixed(1));
  console.log(`${what}: ${times.length}, p50 ${p50} ms, p90 ${p90} ms, p99 ${p99} ms, longest ${most} ms`);
}

/** Each after its length in six digits; beside them how often each word was drawn. */
async function signAll(path: string): Promise<void> {
  const file = await open(`${path}.part`, 'w');
  for (let at = 0; at < entries; at += chunk) {
    const records = Array.from({ length: Math.min(chunk, entries - at) }, makeRecord);
    await file.write(
      Buffer.concat(
        records.flatMap((record) => [
          Buffer.from(String(record.length).padStart(lengthDigits, '0')),
          Buffer.from(record),
        ]),
      ),
    );
    if ((at / chunk) % 20 === 19) console.error(`${at + chunk} records signed`);
  }
  await file.close();
  writeFileSync(`${path}.words`, uses);
  await rename(`${path}.part`, path);
}

async function* recordsIn(path: string): AsyncGenerator<Uint8Array> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const bytes of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    const all = Buffer.concat([rest, bytes]);
    let at = 0;
    while (at + lengthDigits <= all.length) {
      const start = at + lengthDigits;
      const end = start + Number(all.toString('latin1', at, start));
      if (end > all.length) break;
      yield Uint8Array.from(all.subarray(start, end));
      at = end;
    }
    rest = all.subarray(at);
  }
}

async function importAll(path: string): Promise<void> {
  const begun = performance.now();
  const before = process.cpuUsage();
  let told = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const record of recordsIn(path)) {
      if (++told % 200_000 === 0)
        console.error(`${told} entries, ${(told / (performance.now() - begun)).toFixed(2)} a millisecond`);
      yield record;
    }
  }
  const { taken, refused } = await catalogue.takeAll(counted());
  if (refused > 0 || taken !== entries) throw new Error(`${taken} were taken and ${refused} refused`);
  const ms = performance.now() - begun;
  const { user, system } = process.cpuUsage(before);
  const took = `${(ms / 1000).toFixed(1)} s (${((user + system) / 1e6).toFixed(1)} s of processors)`;
  console.log(`import: ${entries} entries in ${took}, ${Math.round((1000 * entries) / ms)}/s`);
}

const folder = await mkdtemp(join(tmpdir(), 'shoal-search-'));
const postgres = flags.postgres ? await startPostgres() : undefined;
const address = flags.database ?? (await postgres?.fresh()) ?? `sqlite:${join(folder, 'catalogue.db')}`;
const records = flags.records ?? join(folder, 'records');
const world = createNodeWorld();
const database = await openDatabase(address, Date.now());
const catalogue = openCatalogue({ clock: world.clock, database, startSignatureThreads });
try {
  if (!existsSync(records)) await signAll(records);
  else uses.set(new Uint32Array(Uint8Array.from(readFileSync(`${records}.words`)).buffer));
  if (!flags.reuse) await importAll(records);
  // What is published from here on is new, also where the same numbers were drawn before.
  made = entries + (Date.now() % 1_000_000_000);
  if (address.startsWith('sqlite:')) {
    const path = address.slice('sqlite:'.length);
    const { size } = await stat(path);
    const { size: logged } = await stat(`${path}-wal`);
    console.log(`file: ${(size / 2 ** 20).toFixed(0)} MiB and ${(logged / 2 ** 20).toFixed(0)} MiB of log`);
  }

  const between = (least: number, most: number): string[] =>
    vocabulary.filter((_, i) => (uses[i] ?? 0) >= least * entries && (uses[i] ?? 0) <= most * entries);
  const usual = between(0.001, 0.01);
  const common = between(0.05, 1);
  const pick = (words: string[]): string => words[Math.floor(random() * words.length)] ?? '';
  let isOver = false;
  const writeTimes: number[] = [];
  const writing = (async () => {
    const everyMs = 1000 / Number(flags.writes);
    const under: Promise<unknown>[] = [];
    for (let next = performance.now(); !isOver && Number(flags.writes) > 0; next += everyMs) {
      const waitMs = next - performance.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      const begun = performance.now();
      under.push(catalogue.take(makeRecord()).then(() => writeTimes.push(performance.now() - begun)));
    }
    await Promise.all(under);
  })();
  async function ask(what: string, words: () => string, seconds: number): Promise<void> {
    if (seconds === 0) return;
    const times: number[] = [];
    let found = 0;
    for (const end = performance.now() + 1000 * seconds; performance.now() < end; ) {
      const search = { words: words() };
      const begun = performance.now();
      found += (await catalogue.search(search)).total;
      times.push(performance.now() - begun);
      // People ask in between; a loop without a pause would measure a queue.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    tell(`${what} (${(found / times.length).toFixed(0)} found)`, times);
  }
  const seconds = Number(flags.seconds);
  console.log(`${usual.length} words are in 0.1 to 1% of the entries, ${common.length} in 5% and more.`);
  await ask('warming up', () => `${pick(usual)} ${pick(usual)}`, seconds / 4);
  await ask('two words', () => `${pick(usual)} ${pick(usual)}`, seconds);
  await ask('one word', () => pick(usual), seconds / 4);
  await ask('two common words', () => `${pick(common)} ${pick(common)}`, seconds / 4);
  await ask('one common word', () => pick(common), seconds / 4);
  const slow = [0, 1, 2, 3, 4, 5, 6, 7].map((rank) => vocabulary[rank]).join(' ');
  await ask('made to be slow', () => `${slow} ba* be* -${pick(common)} -${pick(usual)}`, seconds / 4);
  await ask('a typing error', () => pick(usual).replace(/^(..)(.)/, '$1x'), seconds / 4);
  isOver = true;
  await writing;
  if (writeTimes.length > 0) tell('publications meanwhile', writeTimes);
} finally {
  await database.close();
  await world.close();
  await postgres?.stop();
  if (!flags.keep) await rm(folder, { recursive: true });
  else console.log(folder);
}
