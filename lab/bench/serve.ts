// One file from shoal serve to curl, beside nginx and the plainest server that Node makes: to nowhere, and onto the disk.
// Run: node lab/bench/serve.ts [--size MiB] [--runs N]
// Seconds are those that curl counts; CPU is the server's.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { missingPrograms } from '../clients/installed.ts';
import { startNginx } from '../clients/nginx.ts';
import { type Program, run, start } from '../clients/process.ts';
import { shoalCommand } from '../clients/shoal.ts';
import { makePayload, remove } from './side-by-side.ts';
import { median, printTable, short } from './table.ts';

const { values: options } = parseArgs({
  options: { size: { type: 'string', default: '1024' }, runs: { type: 'string', default: '5' } },
});
const sizeMiB = Number(options.size);
const missing = missingPrograms('curl', 'nginx');
if (missing !== undefined) throw new Error(missing);
const { folder, file } = makePayload('payload.bin', sizeMiB);
const state = join(folder, 'state');
mkdirSync(state);
const [address, nginxPort] = ['127.0.0.1', 17_096];

/** What a stream of Node's does by itself, with reads of a MiB. */
const plainest = `
  const { createServer } = require('node:http');
  const { createReadStream, statSync } = require('node:fs');
  const [, file] = process.argv;
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-length': statSync(file).size });
    createReadStream(file, { highWaterMark: 2 ** 20 }).pipe(response);
  });
  server.listen(0, '127.0.0.1', () => console.log('http://127.0.0.1:' + server.address().port + '/'));`;

interface Contender {
  readonly name: string;
  readonly program: Program;
  readonly url: string;
}

async function contenders(): Promise<Contender[]> {
  const log = join(state, 'serve.log');
  const shoal = start(process.execPath, [shoalCommand, 'serve', folder, '--port', '0', '--json'], { log });
  const { url }: { url: string } = JSON.parse(await shoal.line((line) => line.includes('"ready"')));
  const node = start(process.execPath, ['-e', plainest, file], { log });
  const nodeUrl = await node.line((line) => line.startsWith('http'));
  const nginx = await startNginx({ root: folder, state, address, port: nginxPort });
  return [
    { name: 'shoal serve', program: shoal, url: `${url}payload.bin` },
    { name: "Node's streams", program: node, url: nodeUrl },
    { name: 'nginx (sendfile)', program: nginx, url: `http://${address}:${nginxPort}/payload.bin` },
  ];
}

interface Result {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

async function measure({ program, url }: Contender, target: string): Promise<Result> {
  const before = program.measure().cpuSeconds;
  const words = ['-sS', '--fail', '-o', target, '-w', '%{time_total} %{size_download}', url];
  const [seconds = '', bytes] = (await run('curl', words)).split(' ');
  if (Number(bytes) !== sizeMiB * 2 ** 20) throw new Error(`${url} sent ${bytes} bytes`);
  return { seconds: Number(seconds), cpuSeconds: program.measure().cpuSeconds - before };
}

const all = await contenders();
try {
  const rows: string[][] = [];
  for (const [name, target] of [
    ['to nowhere', '/dev/null'],
    ['onto disk', join(state, 'got.bin')],
  ] as const) {
    const results = new Map(all.map((contender) => [contender, [] as Result[]]));
    // In turns: what else the machine does meets all of them.
    for (let round = 0; round <= Number(options.runs); round++)
      for (const contender of all) {
        const result = await measure(contender, target);
        // The first round warms up.
        if (round > 0) results.get(contender)?.push(result);
      }
    for (const [contender, measured] of results) {
      const seconds = median(measured.map((one) => one.seconds));
      const cpu = median(measured.map((one) => one.cpuSeconds));
      const megabytes = (sizeMiB * 2 ** 20) / 1e6;
      rows.push([contender.name, name, short(megabytes / seconds), short((cpu * 1024) / sizeMiB)]);
    }
  }
  printTable(['server', 'curl writes', 'MB/s', 'server CPU s/GiB'], rows);
} finally {
  await Promise.all(all.map(({ program }) => program.stop()));
  remove(folder);
}
