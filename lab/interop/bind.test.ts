// Where bound traffic goes, seen on the wire: a machine with a way home and a tunnel, both of which lead to the same
// address, and tcpdump at the end of the way home.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { missingPrograms } from '../clients/installed.ts';
import { createCrossroads, missingNamespaces } from '../clients/namespace.ts';
import { type Program, run, start } from '../clients/process.ts';

type Crossroads = Awaited<ReturnType<typeof createCrossroads>>;

const server = `require('node:http').createServer((_, response) => response.end('hello'))
  .listen(1234, '0.0.0.0', () => console.log('ready'))`;

/** What talks on the machine, what those at home see of it, and how to end it all. */
async function watch(
  bind: string,
  options: { readonly rules?: boolean; readonly servers?: string } = {},
): Promise<{ crossroads: Crossroads; talker: Program; seenAtHome: Program; close(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-bind-'));
  const crossroads = await createCrossroads();
  const { machine, home, elsewhere } = crossroads;
  const running: Program[] = [];
  const begin = (name: string, prefix: readonly string[], command: string, ...words: string[]) => {
    const program = start(command, words, { log: join(folder, `${name}.log`), prefix });
    running.push(program);
    return program;
  };
  if (options.rules ?? true) {
    const table = ['table', '4870'];
    await run(
      'ip',
      ['rule', 'add', 'from', machine.tunnel, 'lookup', '4870', 'priority', '100'],
      machine.prefix,
    );
    await run(
      'ip',
      ['route', 'add', 'default', 'via', elsewhere.address, 'dev', 'tun0', ...table],
      machine.prefix,
    );
    await run('ip', ['route', 'add', 'blackhole', 'default', 'metric', '9999', ...table], machine.prefix);
  }
  for (const [i, end] of [home, elsewhere].entries()) {
    const nameServer = join(import.meta.dirname, '../clients/name_server.js');
    const servers = [
      begin(`names${i}`, end.prefix, process.execPath, nameServer, end.address),
      begin(`http${i}`, end.prefix, process.execPath, '--input-type=commonjs', '--eval', server),
    ];
    await Promise.all(servers.map((program) => program.line((line) => line === 'ready')));
  }
  const dump = ['-i', 'eth0', '-Q', 'in', '-n', '-l', '--immediate-mode', 'ip and not icmp'];
  const seenAtHome = begin(
    'tcpdump',
    home.prefix,
    'sh',
    '-c',
    `exec tcpdump ${dump.map((word) => `'${word}'`).join(' ')} 2>&1`,
  );
  await seenAtHome.line((line) => line.startsWith('listening on'));
  const talker = begin(
    'talker',
    machine.prefix,
    process.execPath,
    join(import.meta.dirname, 'bound-traffic.ts'),
    bind,
    options.servers ?? elsewhere.address,
  );
  return {
    crossroads,
    talker,
    seenAtHome,
    async close() {
      for (const program of running.reverse()) await program.stop();
      await crossroads.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const packets = ({ lines }: Program) => lines.filter((line) => / IP 10\./.test(line));

const skip = missingNamespaces() ?? missingPrograms('tcpdump', 'ip') ?? false;
describe('a bound node', { skip, timeout: 120_000 }, () => {
  test('sends nothing another way, and nothing at all when its interface goes', async () => {
    const { crossroads, talker, seenAtHome, close } = await watch('tun0');
    const { prefix } = crossroads.machine;
    try {
      const ready = await talker.line((line) => /^(ready|failed)/.test(line));
      assert.equal(ready, 'ready 10.99.0.1 200 10.8.0.2');
      const roundsFromNow = async (count: number) => {
        const next = talker.lines.filter((line) => line.startsWith('round')).length + count;
        await talker.line((line) => line === `round ${next}`, 60_000);
      };
      await roundsFromNow(5);
      await run('ip', ['link', 'set', 'tun0', 'down'], prefix);
      await talker.line((line) => line === 'cut', 60_000);
      await roundsFromNow(20);
      assert.deepEqual(packets(seenAtHome), []);
      // The watchers do see what goes that way.
      await run('ping', ['-c', '1', '-W', '1', '10.99.0.1'], prefix).catch(() => {});
      const leak = `require('node:dgram').createSocket('udp4').send('x', 4321, '10.99.0.1', () => process.exit())`;
      await run(process.execPath, ['--input-type=commonjs', '--eval', leak], prefix);
      await seenAtHome.line((line) => line.includes('10.99.0.1.4321'), 30_000);
    } finally {
      await close();
    }
  });

  test('does not start where nothing holds its interface, and says so', async () => {
    const { talker, seenAtHome, close } = await watch('tun0', { rules: false });
    try {
      assert.equal(await talker.line((line) => /^(ready|failed)/.test(line)), 'failed bind-not-held');
      assert.deepEqual(packets(seenAtHome), []);
    } finally {
      await close();
    }
  });

  test('asks for names from its address, too', async () => {
    const { talker, seenAtHome, close } = await watch('10.80.0.2', { servers: '10.80.0.1' });
    try {
      const ready = await talker.line((line) => /^(ready|failed)/.test(line));
      assert.equal(ready, 'ready 10.99.0.1 200 10.80.0.2');
      await seenAtHome.line((line) => line.includes('tracker.test'), 30_000);
      for (const packet of packets(seenAtHome)) assert.match(packet, / IP 10\.80\.0\.2\./);
    } finally {
      await close();
    }
  });
});
