// The shipped command with a central index: found through it, kept by its store, and gone on without it; and others'
// programs fetching from the store as from any web server.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { aria2 } from '../clients/aria2.ts';
import { type Client, isEvent } from '../clients/client.ts';
import { missingPrograms } from '../clients/installed.ts';
import { libtorrent } from '../clients/libtorrent.ts';
import { type Program, start } from '../clients/process.ts';
import { shoalCommand } from '../clients/shoal.ts';

const execute = promisify(execFile);

class Scene {
  readonly folder = mkdtempSync(join(tmpdir(), 'shoal-index-'));
  readonly #running: Program[] = [];
  #count = 0;
  url = '';
  port = 0;
  index: Program | undefined;

  shoal(...words: string[]): Program {
    const data = words.includes('--data') ? [] : ['--data', join(this.folder, `data-${this.#count++}`)];
    const program = start(process.execPath, [shoalCommand, ...words, ...data, '--json'], {
      log: join(this.folder, 'log'),
      env: { SHOAL_LAN: 'off' },
    });
    this.#running.push(program);
    return program;
  }

  async openIndex(...words: string[]): Promise<void> {
    const data = ['--data', join(this.folder, 'index')];
    this.index = this.shoal('index', '--address', '127.0.0.1', '--port', `${this.port}`, ...data, ...words);
    const ready = JSON.parse(await this.index.line(isEvent('ready')));
    this.url = ready.url;
    this.port = ready.port;
  }

  /** What `index list` says. */
  async list(...words: string[]): Promise<string> {
    const args = [
      shoalCommand,
      'index',
      'list',
      ...words,
      '--index',
      this.url,
      '--data',
      join(this.folder, 'index'),
    ];
    return (await execute(process.execPath, [...args, '--json'])).stdout;
  }

  async untilKept(): Promise<string> {
    for (;;) {
      const [first] = (await this.list()).split('\n');
      const content = JSON.parse(first ?? '{}');
      if (content.state === 'kept') return content.infoHash;
      await setTimeout(100);
    }
  }

  /** Until so many leases are written down. */
  async untilSaved(count: number): Promise<void> {
    const database = new DatabaseSync(join(this.folder, 'index', 'index', 'index.sqlite'), {
      readOnly: true,
    });
    const counting = database.prepare('select count(*) as n from leases where lease is not null');
    while (Number(counting.get()?.n) < count) await setTimeout(50);
    database.close();
  }

  /** A folder with names that have to be escaped, and an empty file. */
  payload(name: string, bytes = 300_000): string {
    const folder = join(this.folder, 'payload', name);
    mkdirSync(join(folder, 'ä b'), { recursive: true });
    writeFileSync(join(folder, 'ä b', '50%.bin'), randomBytes(bytes));
    writeFileSync(join(folder, 'small.txt'), 'hello');
    return folder;
  }

  async close(): Promise<void> {
    await Promise.all(this.#running.map((program) => program.kill()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function scene(sentence: string, run: (scene: Scene) => Promise<void>, skip: string | false = false): void {
  test(sentence, { timeout: 120_000, skip }, async () => {
    const made = new Scene();
    try {
      await run(made);
    } finally {
      await made.close();
    }
  });
}

/** A share of this that the store has whole, its source killed. */
async function keepAndKill(
  made: Scene,
  format: 'v1' | 'hybrid',
): Promise<{ payload: string; torrent: string; infoHash: string; magnet: string }> {
  const payload = made.payload('film');
  await made.openIndex('--store', join(made.folder, 'store'));
  const ways = ['--index', made.url, '--network', 'centralized'];
  const share = made.shoal('share', payload, '--format', format, ...ways);
  const { torrent, magnet } = JSON.parse(await share.line(isEvent('sharing')));
  await made.list('add', magnet);
  const infoHash = await made.untilKept();
  await share.kill();
  return { payload, torrent, infoHash, magnet };
}

function assertSame(payload: string, copy: string): void {
  for (const path of ['ä b/50%.bin', 'small.txt'])
    assert.ok(readFileSync(join(payload, path)).equals(readFileSync(join(copy, path))), path);
}

describe('a central index', () => {
  scene('has a file for everybody when its source is gone, also after a kill of its own', async (made) => {
    const { payload, magnet } = await keepAndKill(made, 'hybrid');
    await made.index?.kill();
    await made.openIndex('--store', join(made.folder, 'store'));
    const get = made.shoal(
      'get',
      magnet,
      '-o',
      join(made.folder, 'got'),
      '--index',
      made.url,
      '--network',
      'centralized',
    );
    await get.line(isEvent('complete'));
    assertSame(payload, join(made.folder, 'got', 'film'));
  });

  scene('is asked for peers by peers, which names it as teller; and for whom it knows', async (made) => {
    await made.openIndex();
    const ways = ['--index', made.url, '--network', 'centralized'];
    const share = made.shoal('share', made.payload('film'), ...ways);
    const { magnet, port } = JSON.parse(await share.line(isEvent('sharing')));
    for (;;) {
      const asking = made.shoal('peers', magnet, ...ways);
      await asking.exited;
      const told = asking.lines.map((line) => JSON.parse(line)).find((line) => line.port === port);
      if (told !== undefined) {
        assert.deepEqual(told.sources, [{ kind: 'index', teller: made.url }]);
        break;
      }
    }
    const known = made.shoal('peers', ...ways);
    assert.equal(await known.exited, 0);
    const [node] = known.lines.map((line) => JSON.parse(line));
    assert.match(node.id, /^[0-9a-f]{64}$/);
    assert.deepEqual(node.addresses, [{ address: '127.0.0.1', port }]);
    // It says that it goes.
    await share.stop();
    const after = made.shoal('peers', ...ways);
    assert.equal(await after.exited, 3);
  });

  scene('that is killed loses no transfer, and knows everybody again when it is back', async (made) => {
    await made.openIndex();
    const payload = made.payload('film', 6_000_000);
    const share = made.shoal('share', payload, '--index', made.url, '--up-limit', '1MB', '--limit-lan');
    const { magnet, port } = JSON.parse(await share.line(isEvent('sharing')));
    const get = made.shoal('get', magnet, '-o', join(made.folder, 'got'), '--index', made.url, '--seed');
    await get.line((line) => isEvent('progress')(line) && JSON.parse(line).bytes > 0);
    await made.untilSaved(2);
    await made.index?.kill();
    await get.line(isEvent('complete'));
    assertSame(payload, join(made.folder, 'got', 'film'));
    await made.openIndex();
    for (;;) {
      const known = made.shoal('peers', '--index', made.url, '--network', 'centralized');
      await known.exited;
      const ports = known.lines.map((line) => JSON.parse(line).addresses?.[0]?.port);
      if (ports.includes(port)) break;
    }
  });

  scene(
    'serves ranges of its files as web servers do, and nothing else of the disk',
    async (made) => {
      const { payload, infoHash } = await keepAndKill(made, 'hybrid');
      const whole = readFileSync(join(payload, 'ä b', '50%.bin'));
      const url = `${made.url}files/${infoHash}/film/${encodeURIComponent('ä b')}/50%25.bin`;
      const ask = async (...words: string[]) => {
        const { stdout } = await execute('curl', ['-s', '-i', '--max-time', '20', ...words], {
          encoding: 'buffer',
          maxBuffer: 1e8,
        });
        const end = stdout.indexOf('\r\n\r\n');
        const head = stdout.subarray(0, end).toString();
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1]?.trim();
        return { status: Number(head.split(' ')[1]), field, body: stdout.subarray(end + 4) };
      };
      const all = await ask(url);
      assert.equal(all.status, 200);
      assert.ok(all.body.equals(whole));
      const tag = all.field('etag') ?? '';
      const part = await ask('-r', '1000-70000', url);
      assert.equal(part.status, 206);
      assert.equal(part.field('content-range'), `bytes 1000-70000/${whole.length}`);
      assert.ok(part.body.equals(whole.subarray(1000, 70_001)));
      assert.ok((await ask('-r', '-5', url)).body.equals(whole.subarray(-5)));
      assert.ok((await ask('-r', '299999-', url)).body.equals(whole.subarray(299_999)));
      const outside = await ask('-r', '300000-', url);
      assert.deepEqual([outside.status, outside.field('content-range')], [416, 'bytes */300000']);
      assert.equal((await ask('-r', '0-9', '-H', `If-Range: ${tag}`, url)).status, 206);
      assert.equal((await ask('-r', '0-9', '-H', 'If-Range: "other"', url)).status, 200);
      assert.equal((await ask('-H', `If-None-Match: ${tag}`, url)).status, 304);
      const head = await ask('-I', '-r', '0-9', url);
      assert.deepEqual([head.status, head.field('content-length'), head.body.length], [206, '10', 0]);
      for (const path of [
        `files/${infoHash}/film/../../../index/operator-token`,
        `files/${infoHash}/film/..%2f..%2f..%2findex/operator-token`,
        `files/${infoHash}/film/%2e%2e/%2e%2e/shoal-store`,
        `files/${infoHash}/film//small.txt`,
        `files/${infoHash}/film/small.txt%00`,
        `files/${infoHash}/film`,
        `files/${infoHash}/film/`,
        `files/${infoHash}/`,
        `files/${'0'.repeat(40)}/film/small.txt`,
        'files/../index/operator-token',
      ]) {
        const { status, body } = await ask('--path-as-is', made.url + path);
        assert.ok(status === 404 || status === 400, `${path}: ${status} ${body}`);
      }
      // Twenty at once, some of which leave in the middle.
      const many = Array.from({ length: 20 }, (_, i) =>
        i % 4 === 0 ? ask('--limit-rate', '10k', '--max-time', '1', url).catch(() => undefined) : ask(url),
      );
      for (const [i, answer] of (await Promise.all(many)).entries())
        if (i % 4 !== 0) assert.ok(answer?.body.equals(whole));
      assert.equal((await ask(`${made.url}health`)).status, 200);
    },
    missingPrograms('curl') ?? false,
  );

  scene('refuses to be changed by who is not its operator', async (made) => {
    await made.openIndex();
    const change = (method: string, token: string) =>
      fetch(`${made.url}api/content${method === 'DELETE' ? `/${'a'.repeat(40)}` : ''}`, {
        method,
        headers: { authorization: `Bearer ${token}` },
        ...(method === 'POST' && { body: `magnet:?xt=urn:btih:${'a'.repeat(40)}` }),
      });
    for (const token of ['', 'x', 'a'.repeat(64)]) {
      assert.equal((await change('POST', token)).status, 401);
      assert.equal((await change('DELETE', token)).status, 401);
    }
    assert.match(await made.list('add', `magnet:?xt=urn:btih:${'a'.repeat(40)}&dn=x`), /not-kept/);
    assert.match(await made.list(), /"name":"x"/);
    await made.list('remove', 'a'.repeat(40));
    assert.equal((await made.list()).trim(), '');
    await assert.rejects(made.list('remove', 'a'.repeat(40)), { code: 3 });
    await assert.rejects(made.list('add', 'nonsense'));
  });

  function fetches(client: Client): void {
    scene(
      `gives its store to ${client.name} as a web seed`,
      async (made) => {
        const { payload, infoHash } = await keepAndKill(made, 'v1');
        const torrent = join(made.folder, 'web.torrent');
        const words = [
          'make',
          payload,
          '-o',
          torrent,
          '--format',
          'v1',
          '--web-seed',
          `${made.url}files/${infoHash}/`,
        ];
        await execute(process.execPath, [shoalCommand, ...words]);
        const [folder, state] = [join(made.folder, 'got'), join(made.folder, 'state')];
        mkdirSync(folder);
        mkdirSync(state);
        const peer = client.fetch({
          torrent,
          folder,
          state,
          address: '127.0.0.1',
          port: 17_300,
          encryption: 'off',
          peers: [],
        });
        try {
          await peer.complete;
          assertSame(payload, join(folder, 'film'));
        } finally {
          await peer.stop();
        }
      },
      client.missing() ?? false,
    );
  }

  fetches(aria2);
  fetches(libtorrent);
});
