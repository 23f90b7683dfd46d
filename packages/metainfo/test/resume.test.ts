// Resume files of other clients: what is taken from them, and what hostile ones cannot do.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type BencodeValue, Bitfield, encodeBencode } from '@shoal/base';
import { MetainfoError, parseTorrent } from '@shoal/metainfo';
import { claimedPieces, parseResume, placeOf } from '@shoal/metainfo/resume';
import { mutateResume } from '../../../lab/fuzz/resume-mutations.ts';
import { digest, makeTorrent, someBytes } from './making.ts';

const torrent = parseTorrent(
  makeTorrent({
    files: [
      { path: ['a'], content: someBytes(40_000) },
      { path: ['sub', 'b'], content: someBytes(20_000) },
      { path: ['sub', 'c'], content: someBytes(10) },
    ],
    format: 'v1',
    pieceLength: 16_384,
  }),
  digest,
);
const own = torrent.folder ?? '';

const read = (value: Record<string, BencodeValue>) => parseResume(encodeBencode(value));

function claimed(imported: ReturnType<typeof parseResume>): number[] {
  const pieces = new Bitfield(torrent.layout.pieceCount);
  claimedPieces(imported, torrent, pieces);
  return [...pieces.indices()];
}

const fastresume = {
  'file-format': 'libtorrent resume file',
  'file-version': 1,
  'info-hash': torrent.infoHashes.v1 ?? '',
  'info-hash2': new Uint8Array(32),
  file_priority: [4, 0, 7],
  mapped_files: ['', `${own}/sub/renamed`],
  pieces: Uint8Array.of(1, 1, 0, 1),
  save_path: '/srv/there',
  trackers: [['http://one.example/announce', 'nonsense'], ['udp://two.example:80']],
  'url-list': ['http://seed.example/'],
  total_uploaded: 7,
  paused: 1,
};

suite('resume files', () => {
  test('libtorrent’s says folder, names, priorities, trackers, web seeds and pieces', () => {
    const imported = read(fastresume);
    assert.equal(imported.client, 'libtorrent');
    assert.deepEqual(imported.infoHashes, { v1: torrent.infoHashes.v1 });
    assert.deepEqual(imported.priorities, [4, 0, 7]);
    assert.deepEqual(imported.trackers, [['http://one.example/announce'], ['udp://two.example:80']]);
    assert.deepEqual(imported.webSeeds, ['http://seed.example/']);
    assert.deepEqual([imported.uploadedBytes, imported.isPaused], [7, true]);
    assert.deepEqual(claimed(imported), [0, 1, 3]);
    assert.deepEqual(placeOf(imported, torrent), {
      folder: `/srv/there/${own}`,
      paths: new Map([[1, ['sub', 'renamed']]]),
      ownsFolder: true,
      elsewhere: [],
    });
  });

  test('content without a folder of its own, as qBittorrent lays it out, is found where it is', () => {
    const mapped_files = ['a', 'sub/b', 'sub/c'];
    const place = placeOf(
      read({ ...fastresume, save_path: '', 'qBt-savePath': '/srv/q/', mapped_files }),
      torrent,
    );
    assert.deepEqual(place, { folder: '/srv/q', paths: new Map(), ownsFolder: false, elsewhere: [] });
  });

  test('a renamed folder, and another one for all of it', () => {
    const mapped_files = ['new/a', 'new/sub/b', '/srv/there/new/other'];
    const imported = read({ ...fastresume, mapped_files });
    assert.deepEqual(placeOf(imported, torrent, '/home/me'), {
      folder: '/home/me/new',
      paths: new Map([[2, ['other']]]),
      ownsFolder: true,
      elsewhere: [],
    });
  });

  test('a path that leads out of the folder is no name', () => {
    for (const path of ['../x', '/etc/passwd', 'a/../../b', '/srv/there', '.'])
      assert.deepEqual(placeOf(read({ ...fastresume, mapped_files: [path] }), torrent).elsewhere, [0], path);
    const windows = { ...fastresume, save_path: 'C:\\there', mapped_files: ['D:\\x', `${own}\\sub\\y`] };
    const place = placeOf(read(windows), torrent, '/here');
    assert.deepEqual(place.elsewhere, [0]);
    assert.deepEqual(place.paths.get(1), ['sub', 'y']);
  });

  test('Transmission’s says folder, names, what is not wanted, and blocks', () => {
    const imported = read({
      destination: '/srv/t',
      'incomplete-dir': '/srv/unfinished',
      name: own,
      dnd: [0, 1, 0],
      priority: [-1, 0, 1],
      files: ['', '', `${own}/sub/renamed`],
      progress: { blocks: Uint8Array.of(0b10110000) },
      uploaded: 5,
      downloaded: 6,
    });
    assert.equal(imported.client, 'transmission');
    assert.deepEqual(imported.priorities, [1, 0, 7]);
    assert.deepEqual([imported.uploadedBytes, imported.downloadedBytes], [5, 6]);
    assert.deepEqual(claimed(imported), [0, 2, 3]);
    assert.equal(placeOf(imported, torrent).folder, `/srv/unfinished/${own}`);
    assert.deepEqual(placeOf(imported, torrent).paths.get(2), ['sub', 'renamed']);
  });

  test('all and none are words, in whatever field its versions write them', () => {
    const all = { destination: '/srv/t', 'incomplete-dir': '/srv/unfinished', progress: { blocks: 'all' } };
    assert.deepEqual(claimed(read(all)), [0, 1, 2, 3]);
    assert.equal(read(all).folder, '/srv/t');
    for (const progress of [{ blocks: 'none' }, { have: 'none' }, {}, 'x'])
      assert.deepEqual(claimed(read({ destination: '/srv/t', progress })), []);
    assert.deepEqual(claimed(read({ destination: '/srv/t', progress: { have: 'all' } })), [0, 1, 2, 3]);
  });

  test('what is no resume file is refused', () => {
    for (const bytes of [
      new Uint8Array(0),
      encodeBencode({}),
      encodeBencode(['x']),
      encodeBencode({ info: {} }),
    ])
      assert.throws(() => parseResume(bytes), MetainfoError);
    assert.throws(() => parseResume(new Uint8Array(65 * 1024 * 1024)), { code: 'too-large' });
  });

  test('mutated ones break no promise', () => {
    for (let seed = 0; seed < 1000; seed++) mutateResume(seed);
  });
});
