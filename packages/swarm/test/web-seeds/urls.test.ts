import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileUrls, webAddress } from '../../src/web-seeds/urls.ts';
import { makeSample, someBytes } from '../sample.ts';

const several = makeSample(
  { 'a b/ü%2F+&=.bin': someBytes(5), "it's #1?.txt": someBytes(5), c: someBytes(5) },
  { name: 'the folder' },
).torrent;
const one = makeSample(someBytes(5), { name: 'one file' }).torrent;

function urlsOf(torrent: typeof one, base: string): (string | undefined)[] {
  const address = webAddress(base);
  assert.ok(address !== undefined);
  const urlOf = fileUrls(torrent, address);
  return torrent.layout.files.map((_, file) => urlOf(file));
}

test('files of a folder lie below the URL and the name, each name escaped', () => {
  for (const base of ['http://h/x', 'http://h/x/', ' http://h/x/#top '])
    assert.deepEqual(urlsOf(several, base).sort(), [
      'http://h/x/the%20folder/a%20b/%C3%BC%252F%2B%26%3D.bin',
      'http://h/x/the%20folder/c',
      'http://h/x/the%20folder/it%27s%20%231%3F.txt',
    ]);
});

test('one file lies at the URL, or below it when it ends in a slash', () => {
  assert.deepEqual(urlsOf(one, 'https://u:p@h:8/x/y.bin'), ['https://u:p@h:8/x/y.bin']);
  assert.deepEqual(urlsOf(one, 'http://h/get?file=7'), ['http://h/get?file=7']);
  assert.deepEqual(urlsOf(one, 'http://h/x/'), ['http://h/x/one%20file']);
  assert.deepEqual(urlsOf(one, 'http://h'), ['http://h/one%20file']);
});

test('no name leads out of the folder', () => {
  const names = (path: string[]) => path.map((name) => Buffer.from(name));
  const { layout } = several;
  const files = [['..', '..', 'etc', 'passwd'], ['.'], ['a', '', 'b'], ['a/../../b'], ['..\\b'], ['']].map(
    (path, i) => ({ ...layout.files[i % 3], originalPath: names(path) }),
  );
  const hostile = { ...several, layout: { ...layout, files } };
  const address = webAddress('http://h/x/');
  assert.ok(address !== undefined);
  const urlOf = fileUrls(hostile as unknown as typeof several, address);
  const found = files.map((_, file) => urlOf(file));
  assert.deepEqual(found, [
    undefined,
    undefined,
    'http://h/x/the%20folder/a/b',
    'http://h/x/the%20folder/a%2F..%2F..%2Fb',
    'http://h/x/the%20folder/..%5Cb',
    'http://h/x/the%20folder',
  ]);
  for (const url of found)
    assert.ok(url === undefined || new URL(url).pathname.startsWith('/x/the%20folder'));
});

test('what is no http: or https: address is no web seed', () => {
  for (const text of ['ftp://h/x', 'file:///etc/passwd', 'h/x', '', 'javascript:1', 'http://'])
    assert.equal(webAddress(text), undefined, text);
});
