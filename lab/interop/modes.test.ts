// What each network mode sends, seen on the wire: a get on one end of a cable, and on the other end a tracker, a DHT
// node and a peer that all three ways lead to.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { NetworkMode } from '@shoal/discovery';
import { isEvent } from '../clients/client.ts';
import { missingPrograms } from '../clients/installed.ts';
import { createCable, missingNamespaces } from '../clients/namespace.ts';
import { type Program, run, start } from '../clients/process.ts';
import { shoalCommand } from '../clients/shoal.ts';
import { startTracker } from '../clients/tracker.ts';

// Not in the 7000s, where tcpdump sees AFS.
const trackerPort = 17_000;
const dhtPort = 17_001;

/** Every packet that the getting end sent, as tcpdump prints it, with what was readable in it. */
async function packetsOf(mode: NetworkMode, isPrivate = false): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-modes-'));
  const cable = await createCable();
  const running: Program[] = [];
  try {
    const [there, here] = cable.ends;
    const shoal = (name: string, prefix: readonly string[], ...words: string[]) => {
      const data = ['--data', join(folder, `data-${name}`), '--json'];
      const log = join(folder, `${name}.log`);
      const program = start(process.execPath, [shoalCommand, ...words, ...data], { log, prefix });
      running.push(program);
      return program;
    };
    const payload = join(folder, 'payload.bin');
    writeFileSync(payload, randomBytes(500_000));
    const tracker = await startTracker(there.address, trackerPort, folder, there.prefix);
    running.push(tracker.program);
    const node = shoal('dht', there.prefix, 'dht', 'serve', '--port', String(dhtPort));
    await node.line(isEvent('ready'));
    const ways = ['--tracker', tracker.url, '--dht-bootstrap', `${there.address}:${dhtPort}`];
    const torrent = join(folder, 'private.torrent');
    const words = ['make', payload, '-o', torrent, '--private', '--tracker', tracker.url];
    await run(process.execPath, [shoalCommand, ...words]);
    const source = isPrivate ? ['get', torrent, '-o', folder, '--seed'] : ['share', payload];
    const share = shoal('share', there.prefix, ...source, '--port', '17002', ...ways);
    // The file and not the link: who does not know yet whether a torrent is private offers no exchange.
    const { torrent: what } = JSON.parse(await share.line(isEvent('sharing')));
    await tracker.program.line(isEvent('start'));
    const dump = start(
      'tcpdump',
      [
        '-i',
        'eth0',
        '-Q',
        'out',
        '-n',
        '-l',
        '-A',
        '-s',
        '0',
        '--immediate-mode',
        '-Z',
        'root',
        'udp or tcp or igmp',
      ],
      { log: join(folder, 'tcpdump.log'), prefix: here.prefix },
    );
    running.push(dump);
    const output = join(folder, 'got');
    mkdirSync(output);
    while (!readFileSync(join(folder, 'tcpdump.log'), 'utf8').includes('listening on')) await setTimeout(20);
    const get = shoal('get', here.prefix, 'get', what, '-o', output, '--network', mode, '--seed', ...ways);
    await get.line(isEvent('complete'));
    // All finders have said what they say at the start: one look at the DHT takes longest.
    if (mode !== 'centralized' && !isPrivate)
      await dump.line((line) => line.includes(`${there.address}.${dhtPort}: UDP`));
    if (mode !== 'distributed') await tracker.program.line((line) => line.includes('"complete"'));
    await get.stop();
    await dump.stop();
    return dump.lines.join('\n');
  } finally {
    for (const program of running.reverse()) await program.stop();
    await cable.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const skip = missingNamespaces() ?? missingPrograms('tcpdump') ?? false;

const signs = {
  tracker: new RegExp(`> 10\\.78\\.0\\.1\\.${trackerPort}: `),
  dht: new RegExp(`> 10\\.78\\.0\\.1\\.${dhtPort}: UDP`),
  multicast: /> (239\.|224\.|ff[0-9a-f]{2}::?)[^ ]*.*(UDP|igmp)/,
  exchange: /ut_pex/,
} as const;

/** The other end, and the groups of BEP 14 and IGMP. */
const known = / > (10\.78\.0\.1|fe80::1|239\.192\.152\.143|ff15::efc0:988f|224\.0\.0\.(22|251)|ff02::fb)\b/;

function check(packets: string, expected: readonly string[]): void {
  const seen = Object.entries(signs).flatMap(([name, sign]) => (sign.test(packets) ? [name] : []));
  assert.deepEqual(seen, expected);
  const strangers = packets.match(/^\S+ IP6? .*/gm)?.filter((line) => !known.test(line));
  assert.deepEqual(strangers, []);
}

describe('on the wire', { skip, concurrency: 2 }, () => {
  for (const [mode, expected] of [
    ['hybrid', ['tracker', 'dht', 'multicast', 'exchange']],
    ['centralized', ['tracker']],
    ['distributed', ['dht', 'multicast', 'exchange']],
  ] as const)
    test(`${mode} mode shows ${expected.join(', ')}, and nothing else`, { timeout: 60_000 }, async () => {
      check(await packetsOf(mode), expected);
    });

  test('a private torrent shows tracker alone, in hybrid mode', { timeout: 60_000 }, async () => {
    check(await packetsOf('hybrid', true), ['tracker']);
  });
});
