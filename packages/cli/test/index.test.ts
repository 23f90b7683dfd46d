// The verb `index` as a process: it starts, keeps what it knows over a stop, and says what is wrong without starting.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { testCertificate, testKey } from '@shoal/base/compliance';
import { shoal, shoalPath, temporaryFolder } from './shoal.ts';

const flags = ['--port', '0', '--address', '127.0.0.1', '--json'];
const hash = '05'.repeat(20);

async function startIndex(context: TestContext, data: string, words: readonly string[] = []) {
  const child = spawn(process.execPath, [shoalPath, 'index', ...flags, '--data', data, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  context.after(() => child.kill('SIGKILL'));
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const { url }: { url: string } = JSON.parse(line);
  return {
    url,
    async announce(port: number): Promise<string> {
      const query = `info_hash=${'%05'.repeat(20)}&peer_id=-SH0001-abcdefghijkl&port=${port}&left=5`;
      return (await fetch(`${url}announce?${query}`)).text();
    },
    async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<unknown> {
      const ended = once(child, 'close');
      child.kill(signal);
      return (await ended)[0];
    },
  };
}

test('an index keeps over a stop who announced to it, and one folder has one index', async (context) => {
  const data = await temporaryFolder(context);
  const first = await startIndex(context, data);
  assert.match(await first.announce(1), /5:peers0:/);
  const second = await shoal(['index', ...flags, '--data', data]);
  assert.equal(second.code, 1);
  assert.match(JSON.parse(second.stdout).error.message, /Another index/);
  assert.equal(await first.stop(), 0);
  const again = await startIndex(context, data);
  assert.match(await again.announce(2), /5:peers6:/);
  assert.equal(await again.stop(), 0);
  const check = await shoal(['index', 'check', '--data', data, '--json']);
  assert.deepEqual([check.code, JSON.parse(check.stdout).peers], [0, 2]);
});

test('killed at any time, an index forgets no peer that announced an interval before', async (context) => {
  const data = await temporaryFolder(context);
  const index = await startIndex(context, data, ['--interval', '30', '--unlimited']);
  for (let port = 1; port <= 50; port++) await index.announce(port);
  const leases = join(data, 'index', 'tracker.leases');
  const savedMs = async () => (await stat(leases).catch(() => undefined))?.mtimeMs ?? 0;
  const announcedMs = Date.now();
  // Half an interval; what is announced after that may be lost.
  while ((await savedMs()) < announcedMs) await setTimeout(100);
  await index.announce(51);
  await index.stop('SIGKILL');
  const again = await startIndex(context, data, ['--interval', '30', '--unlimited']);
  const [, bytes = '0'] = /5:peers(\d+):/.exec(await again.announce(52)) ?? [];
  assert.ok(Number(bytes) / 6 >= 50, bytes);
  assert.equal(await again.stop(), 0);
});

test('a list in a file is served, alone, and the operator adds to it', async (context) => {
  const data = await temporaryFolder(context);
  const listed = join(data, 'listed');
  await writeFile(listed, `${'06'.repeat(20)}\n`);
  const index = await startIndex(context, data, ['--listed', listed]);
  assert.match(await index.announce(1), /does not serve/);
  const secret = (await readFile(join(data, 'index', 'operator-token'), 'utf8')).trim();
  const added = await fetch(`${index.url}api/tracker/listed`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${secret}` },
    body: JSON.stringify({ add: [hash] }),
  });
  assert.deepEqual(await added.json(), { listed: 2 });
  assert.match(await index.announce(1), /interval/);
  assert.equal(await index.stop(), 0);
  assert.deepEqual((await readFile(listed, 'utf8')).trim().split('\n'), ['06'.repeat(20), hash]);
});

test('a private index serves the users of its database, and keeps what they moved', async (context) => {
  const data = await temporaryFolder(context);
  const first = await startIndex(context, data, ['--private']);
  const users = async (url: string, ...words: string[]) => {
    const ended = await shoal(['index', '--data', data, 'users', '--index', url, ...words, '--json']);
    return { code: ended.code, said: ended.stdout === '' ? {} : JSON.parse(ended.stdout) };
  };
  assert.match(await first.announce(1), /key/);
  const ann = await users(first.url, 'add', 'ann');
  assert.equal(ann.said.url, `${first.url}${ann.said.key}/announce`);
  const taken = await users(first.url, 'add', 'bob', ann.said.key);
  assert.deepEqual([taken.code, taken.said.error.code], [5, 'refused']);
  const announce = async (url: string, uploaded: number, event = '') => {
    const query = `info_hash=${'%05'.repeat(20)}&peer_id=-SH0001-abcdefghijkl&port=1&left=5`;
    return (await fetch(`${url}?${query}&downloaded=0&uploaded=${uploaded}${event}`)).text();
  };
  assert.match(await announce(ann.said.url, 100, '&event=started'), /interval/);
  assert.match(await announce(ann.said.url, 1100), /interval/);
  assert.equal((await users(first.url)).said.uploaded, 1000);
  assert.equal(await first.stop(), 0);

  const again = await startIndex(context, data, ['--private']);
  assert.equal((await users(again.url)).said.uploaded, 1000);
  assert.equal((await users(again.url, 'remove', 'ann')).code, 0);
  assert.equal((await users(again.url, 'remove', 'ann')).code, 3);
  assert.match(await announce(`${again.url}${ann.said.key}/announce`, 0), /key/);
  assert.equal(await again.stop(), 0);
});

test('an index with a certificate speaks HTTPS, and nothing else at its TCP port', async (context) => {
  const data = await temporaryFolder(context);
  const [certificate, key] = [join(data, 'certificate.pem'), join(data, 'key.pem')];
  await writeFile(certificate, testCertificate);
  await writeFile(key, testKey);
  const index = await startIndex(context, data, ['--certificate', certificate, '--key', key]);
  assert.match(index.url, /^https:/);
  const ask = async (path: string) => {
    const request = get(new URL(path, index.url), { ca: testCertificate, agent: false });
    const [response]: IncomingMessage[] = await once(request, 'response');
    assert.equal(response?.statusCode, 200);
    return response === undefined ? '' : text(response);
  };
  const query = `info_hash=${'%05'.repeat(20)}&peer_id=-SH0001-abcdefghijkl&left=0`;
  assert.match(await ask(`announce?${query}&port=1`), /8:completei1e/);
  assert.deepEqual(JSON.parse(await ask('health')), { status: 'ok' });
  await assert.rejects(fetch(index.url.replace('https', 'http')));
  await assert.rejects(fetch(index.url), 'nobody trusts that certificate by itself');
  assert.match(await ask(`announce?${query}&port=2`), /8:completei[12]e/);
  assert.equal(await index.stop(), 0);
});

test('what is wrong with the settings is said, and ends with 2', async (context) => {
  const data = await temporaryFolder(context);
  const [config, listed] = [join(data, 'config.json'), join(data, 'listed')];
  await writeFile(listed, 'nothing');
  for (const [text, message] of [
    ['{', /no JSON/],
    ['{"prot": 1}', /unknown key "prot"/],
    ['{"port": "one"}', /"port" is no number/],
    ['{"interval": 1}', /--interval/],
    ['{"certificate": "x.pem"}', /--key/],
    [`{"listed": ${JSON.stringify(listed)}}`, /Line 1/],
  ] as const) {
    await writeFile(config, text);
    const ended = await shoal(['index', ...flags, '--data', data, '--config', config]);
    assert.equal(ended.code, 2, text);
    assert.match(JSON.parse(ended.stdout).error.message, message);
  }
});

test('a check says what is damaged, and ends with 1', async (context) => {
  const data = await temporaryFolder(context);
  const index = await startIndex(context, data);
  await index.stop();
  await writeFile(join(data, 'index', 'tracker.leases'), 'nonsense');
  const check = await shoal(['index', 'check', '--data', data, '--json']);
  assert.equal(check.code, 1);
  assert.match(JSON.parse(check.stdout).faults[0], /damaged/);
});
