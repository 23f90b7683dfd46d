import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BencodeValue, encodeBencode, RoomError } from '@shoal/base';
import { identityFromSeed, latestSeconds, signRecord, verifyRecord } from '@shoal/identity';
import fc from 'fast-check';
import {
  categories,
  encodeFound,
  type FoundEntry,
  longestPublication,
  type PublicationContent,
  parseFound,
  readEntry,
  readPublication,
  signPublication,
  signRating,
  signReport,
  signWithdrawal,
} from '../src/index.ts';

const identity = identityFromSeed(new Uint8Array(32).fill(5));
const saying = { sequence: 4, madeAt: 1000 };
const torrent = new Uint8Array(20).fill(9);
const content: PublicationContent = {
  infoHashes: { v1: torrent, v2: new Uint8Array(32).fill(3) },
  title: 'Blue whale',
  description: 'First line.\n\tSecond.',
  tags: ['nature', 'lo-fi', '東京'],
  category: 'audio',
  language: 'pt-BR',
  licence: 'CC-BY-4.0',
  size: 2 ** 40,
  files: [{ path: 'a/b.flac', length: 7 }],
  fileCount: 12,
  trackers: ['udp://tracker.example:80/announce'],
  supersedes: [new Uint8Array(20).fill(1)],
};

function signBody(
  body: Record<string, BencodeValue | undefined>,
  expiresAt: number = latestSeconds,
): Uint8Array {
  return signRecord(identity, { kind: 'publication', sequence: 1, madeAt: 1, expiresAt, body });
}

const least = { title: 'x', category: 'other', v1: torrent };

test('what was published is read as it was said', () => {
  const record = signPublication(identity, content, saying);
  const { kind, record: read, torrent: name, ...said } = readPublication(record);
  assert.equal(kind, 'publication');
  assert.deepEqual(name, torrent);
  assert.deepEqual({ ...said }, content);
  assert.deepEqual([read.sequence, read.madeAt, read.expiresAt], [4, 1000, latestSeconds]);
  verifyRecord(read);
  const v2 = new Uint8Array(32).fill(3);
  const ofV2 = readPublication(signPublication(identity, { ...content, infoHashes: { v2 } }, saying));
  assert.deepEqual(ofV2.torrent, v2.subarray(0, 20));
});

test('each kind is told from the others by what it says itself', () => {
  const rating = readEntry(signRating(identity, { torrent, stars: 5, comment: 'Good.' }, saying));
  assert.ok(rating.kind === 'rating' && rating.stars === 5 && rating.comment === 'Good.');
  const report = readEntry(signReport(identity, { torrent, reason: 'fake' }, saying));
  assert.ok(report.kind === 'report' && report.reason === 'fake' && report.comment === undefined);
  assert.equal(readEntry(signWithdrawal(identity, torrent, saying)).kind, 'withdrawal');
  assert.equal(readEntry(signPublication(identity, content, saying)).kind, 'publication');
  // Words inside do not make another kind of it.
  const tricky = { ...content, description: '4:kind6:rating4:made' };
  assert.equal(readEntry(signPublication(identity, tricky, saying)).kind, 'publication');
});

test('what cannot be shown, is too long or unknown is refused with a code', () => {
  const refused: [string, Record<string, BencodeValue | undefined>][] = [
    ['no torrent', { title: 'x', category: 'other' }],
    ['no title', { ...least, title: undefined }],
    ['an empty title', { ...least, title: '' }],
    ['a title of spaces', { ...least, title: ' x' }],
    ['a long title', { ...least, title: 'x'.repeat(201) }],
    ['a title with lines', { ...least, title: 'a\nb' }],
    ['a title with a control', { ...least, title: 'a\u0007b' }],
    ['a title that turns around', { ...least, title: 'exe.\u202efdp' }],
    ['a title that is no UTF-8', { ...least, title: Uint8Array.from([0xff]) }],
    ['a title that is a number', { ...least, title: 5 }],
    ['an unknown category', { ...least, category: 'stolen' }],
    ['a short hash', { ...least, v1: new Uint8Array(19) }],
    ['a long description', { ...least, text: 'x'.repeat(10_001) }],
    ['many tags', { ...least, tags: Array.from({ length: 17 }, (_, i) => `t${i}`) }],
    ['a tag with markup', { ...least, tags: ['<b>'] }],
    ['a tag in capitals', { ...least, tags: ['Big'] }],
    ['tags that are none', { ...least, tags: 'x' }],
    ['a tracker that is a script', { ...least, trackers: ['javascript:alert(1)'] }],
    ['a negative size', { ...least, size: -1 }],
    ['a file without length', { ...least, files: [['a']] }],
    ['a file of negative length', { ...least, files: [['a', -1]] }],
    ['a file name with a control', { ...least, files: [['a\u001b[2J', 1]] }],
    ['long file names', { ...least, files: Array.from({ length: 30 }, () => ['x'.repeat(390), 1]) }],
    ['many files', { ...least, files: Array.from({ length: 301 }, (_, i) => [`${i}`, 1]) }],
    ['many that it takes the place of', { ...least, supersedes: Array.from({ length: 17 }, () => torrent) }],
    ['a language that is none', { ...least, language: 'x y' }],
    ['an entry that is not known', { ...least, zzz: 1 }],
  ];
  readPublication(signBody(least));
  for (const [what, body] of refused)
    assert.throws(() => readPublication(signBody(body)), { code: 'bad-publication' }, what);
  assert.throws(() => readPublication(signBody(least, 5000)), { code: 'bad-publication' });
  assert.throws(() => readPublication(signBody({ ...least, text: 'x'.repeat(longestPublication) })), {
    code: 'bad-record',
  });
  for (const stars of [0, 6, -1])
    assert.throws(() => signRating(identity, { torrent, stars }, saying), { code: 'bad-publication' });
  assert.throws(() => signRating(identity, { torrent, comment: 'x'.repeat(2_001) }, saying), {
    code: 'bad-publication',
  });
  assert.throws(() => signPublication(identity, { ...content, title: '\u0000' }, saying), {
    code: 'bad-publication',
  });
});

test('the longest publication that is allowed fits, in the widest letters', () => {
  const record = signPublication(
    identity,
    {
      ...content,
      title: '🐳'.repeat(200),
      description: 'x'.repeat(10_000),
      tags: Array.from({ length: 16 }, (_, i) => `${'t'.repeat(30)}${i}`.slice(-32)),
      files: Array.from({ length: 300 }, (_, i) => ({ path: `${i}`.padStart(33, 'f'), length: 2 ** 53 - 1 })),
      trackers: Array.from({ length: 8 }, (_, i) => `http://${i}.example/`.padEnd(200, 'x')),
      supersedes: Array.from({ length: 16 }, (_, i) => new Uint8Array(20).fill(i)),
    },
    saying,
  );
  assert.ok(record.length <= longestPublication, `${record.length}`);
  assert.equal(readPublication(record).files.length, 300);
});

test('changed bytes are refused, or say what another key did not sign', () => {
  const records = [
    signPublication(identity, content, saying),
    signRating(identity, { torrent, stars: 3, comment: 'x' }, saying),
    signWithdrawal(identity, torrent, saying),
  ];
  const changed = fc.tuple(fc.nat(2), fc.nat(), fc.nat(255), fc.nat(3));
  fc.assert(
    fc.property(changed, ([which, place, byte, cut]) => {
      const record = records[which] ?? new Uint8Array(0);
      const at = place % record.length;
      const bytes = Uint8Array.from([...record.subarray(0, at), byte, ...record.subarray(at + cut)]);
      let verified: unknown;
      try {
        verified = verifyRecord(readEntry(bytes).record);
      } catch (error) {
        assert.ok(error instanceof RoomError);
      }
      assert.ok(verified === undefined || Buffer.from(bytes).equals(record));
    }),
    { numRuns: 300 },
  );
});

test('anything that is bencoded is read or refused', () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      fc.integer(),
      fc.string(),
      fc.uint8Array({ maxLength: 40 }),
      fc.array(tie('any'), { maxLength: 4 }),
    ),
  })).any;
  const names = fc.constantFrom(
    'category',
    'count',
    'files',
    'language',
    'licence',
    'size',
    'supersedes',
    'tags',
    'text',
    'title',
    'trackers',
    'v1',
    'v2',
  );
  fc.assert(
    fc.property(fc.dictionary(names, value, { maxKeys: 6 }), (body) => {
      try {
        readPublication(signBody({ ...least, ...(body as Record<string, BencodeValue>) }));
      } catch (error) {
        assert.ok(error instanceof RoomError, String(error));
      }
    }),
    { numRuns: 300 },
  );
});

function found(record: Uint8Array): FoundEntry {
  return {
    revision: 7,
    publication: readPublication(record),
    magnet: 'magnet:?x',
    addedMs: 5000,
    health: { seeds: 3, leechers: 2, completed: 1, seenMs: 6000 },
    stars: 4.5,
    ratings: 2,
    reports: 1,
  };
}

test('a page of results is read back, and one that is forged hides no others', () => {
  const good = signPublication(identity, content, saying);
  const forged = good.slice();
  forged[Buffer.from(good).indexOf('Blue')] = 0x47;
  const page = {
    entries: [found(good), found(forged)],
    total: 90,
    isComplete: false,
    corrected: { wahle: 'whale' },
  };
  const read = parseFound(Buffer.from(encodeFound(page, { records: true })));
  assert.equal(read.refused, 1);
  assert.deepEqual([read.total, read.isComplete, { ...read.corrected }], [90, false, { wahle: 'whale' }]);
  const [entry] = read.entries;
  assert.equal(entry?.publication.title, 'Blue whale');
  assert.deepEqual({ ...entry?.health }, { seeds: 3, leechers: 2, completed: 1, seenMs: 6000 });
  assert.deepEqual([entry?.addedMs, entry?.stars, entry?.ratings, entry?.reports], [5000, 4.5, 2, 1]);
  // For people with curl: what it says, and no record.
  const [plain] = JSON.parse(encodeFound(page, { records: false })).entries;
  assert.deepEqual([plain.title, plain.size, plain.record], ['Blue whale', 2 ** 40, undefined]);
});

test('whatever an index answers is bounded or malformed', () => {
  for (const text of ['', '[]', '{}', '{"entries":{}}', 'x', '\u0000'])
    assert.throws(() => parseFound(Buffer.from(text)), { code: 'malformed' });
  const odd = {
    entries: [null, 5, {}, { record: 'x' }, { record: 5 }],
    total: -3,
    isComplete: 'yes',
    corrected: { a: 5, b: 'x'.repeat(100) },
  };
  const read = parseFound(Buffer.from(JSON.stringify(odd)));
  assert.deepEqual([read.entries.length, read.refused, read.total], [0, 5, 0]);
  assert.deepEqual({ ...read.corrected }, {});
  const many = { entries: Array.from({ length: 500 }, () => ({})), total: 1 };
  assert.equal(parseFound(Buffer.from(JSON.stringify(many))).refused, 100);
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      try {
        parseFound(Buffer.from(JSON.stringify(value)));
      } catch (error) {
        assert.ok(error instanceof RoomError);
      }
    }),
    { numRuns: 100 },
  );
  assert.ok(categories.includes('other'));
  assert.throws(() => readEntry(encodeBencode({ a: 1 })), { code: 'bad-record' });
});
