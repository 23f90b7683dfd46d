// Forms of the Web API as different clients write them, and forms that break off.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readForm } from '../src/qbittorrent/form.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const multipart = (...parts: string[]): Uint8Array =>
  bytes(`${parts.map((part) => `--b\r\n${part}\r\n`).join('')}--b--\r\n`);
const type = 'multipart/form-data; boundary=b';

test('forms with files are read as .NET, browsers and scripts write them', async () => {
  const plain = await readForm(
    '/x?hash=1',
    'multipart/form-data; boundary="b"',
    multipart(
      'Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=category\r\n\r\ntv',
      'Content-Disposition: form-data; name=torrents; filename=x.torrent\r\nContent-Type: application/x-bittorrent\r\n\r\nd1e',
    ),
  );
  assert.deepEqual(
    [...plain.fields],
    [
      ['hash', '1'],
      ['category', 'tv'],
    ],
  );
  assert.deepEqual(plain.files, [{ name: 'x.torrent', bytes: bytes('d1e') }]);
  const quoted = await readForm(
    '/x',
    type,
    multipart(
      'Content-Disposition: form-data; name="torrents"; filename="a \\"b\\".torrent"\r\nContent-Type: application/x-bittorrent\r\n\r\n1',
      'Content-Disposition: form-data; name="torrents"\r\nContent-Type: application/octet-stream\r\n\r\n2',
      'Content-Disposition: form-data; name="paused"\r\n\r\nFalse',
    ),
  );
  assert.deepEqual(
    quoted.files.map(({ name }) => name),
    ['a "b".torrent', ''],
  );
  assert.equal(quoted.flag('paused'), false);
  const simple = await readForm(
    '/x',
    'application/x-www-form-urlencoded; charset=UTF-8',
    bytes('a=1+2&b=%E2%82%AC'),
  );
  assert.deepEqual(
    [...simple.fields],
    [
      ['a', '1 2'],
      ['b', '€'],
    ],
  );
  assert.equal((await readForm('/x', undefined, bytes('a=1'))).text('a'), '1');
});

test('a form that breaks off, or is none, is refused', async () => {
  const half = bytes('--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nhalf');
  for (const [asType, body] of [
    [type, half],
    ['multipart/form-data', bytes('x')],
    ['multipart/form-data; boundary=', bytes('x')],
    [type, bytes('nothing')],
  ] as const)
    await assert.rejects(readForm('/x', asType, body), { code: 'bad-request' }, asType);
  const many = Array.from({ length: 300 }, (_, n) => `f${n}=1`).join('&');
  await assert.rejects(readForm('/x', undefined, bytes(many)), { code: 'too-large' });
});

test('numbers and words are taken as they are, and nothing else', async () => {
  const form = await readForm('/x?a=12&b=-1.5&c=&d=fast&e=0x10&f=1e400&g=TRUE&h=yes', undefined, undefined);
  assert.deepEqual(
    [form.number('a'), form.number('b'), form.number('c'), form.number('z')],
    [12, -1.5, undefined, undefined],
  );
  for (const key of ['d', 'f']) assert.throws(() => form.number(key), { code: 'bad-request' }, key);
  assert.deepEqual([form.flag('g'), form.flag('h'), form.flag('z')], [true, undefined, undefined]);
});
