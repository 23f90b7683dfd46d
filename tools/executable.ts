// `npm run executable -- [FOLDER [PACKAGE]]`: one file for Linux, shoal-VERSION-linux-ARCH, in FOLDER (dist, unless told), which
// needs neither Node nor a network: the pinned Node with the package of `npm run pack` inside (made now, or PACKAGE), as
// one of Node's single executable applications. At its first run it unpacks itself; tools/executable/entry.cjs says where.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = resolve(process.argv[2] ?? join(root, 'dist'));
/** What nobody runs. */
const leftOut =
  /\.(?:d\.[cm]?ts|map|md|markdown|flow)$|(?:^|\/)node_modules\/.*\/(?:test|tests|docs|examples|benchmarks?)\//;
const usualMode = 0o644;

if (process.platform !== 'linux') throw new Error('The executable is made on Linux, for Linux.');
const stage = mkdtempSync(join(tmpdir(), 'shoal-executable-'));
try {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const [, , , given] = process.argv;
  if (given === undefined) run(process.execPath, [join(root, 'tools/pack.ts'), stage]);
  const packed = given ?? join(stage, `shoal-${version}.tgz`);
  run('tar', ['--extract', '--file', resolve(packed), '--directory', stage]);
  const files = archiveOf(join(stage, 'package'));
  const build = createHash('sha256').update(files).digest('hex').slice(0, 12);
  writeFileSync(join(stage, 'files'), files);
  writeFileSync(join(stage, 'name'), `${version}-${build}`);
  mkdirSync(target, { recursive: true });
  const output = join(target, `shoal-${version}-linux-${process.arch}`);
  writeFileSync(
    join(stage, 'config.json'),
    JSON.stringify({
      main: join(root, 'tools/executable/entry.cjs'),
      output,
      executable: process.execPath,
      disableExperimentalSEAWarning: true,
      assets: { files: join(stage, 'files'), name: join(stage, 'name') },
    }),
  );
  run(process.execPath, ['--build-sea', join(stage, 'config.json')]);
  console.log(output);
} finally {
  rmSync(stage, { recursive: true, force: true });
}

/** The length of a list of paths, lengths and modes; that list; and the bytes of all files: packed. */
function archiveOf(folder: string): Buffer {
  const start = Buffer.from("import('./packages/cli/src/main.js');\n");
  const list: [path: string, length: number, mode: number][] = [['start.cjs', start.length, usualMode]];
  const parts: Buffer[] = [start];
  for (const path of globSync('**/*', { cwd: folder }).sort()) {
    const stats = statSync(join(folder, path));
    if (!stats.isFile() || leftOut.test(path)) continue;
    const bytes = readFileSync(join(folder, path));
    list.push([path, bytes.length, stats.mode & 0o100 ? 0o755 : usualMode]);
    parts.push(bytes);
  }
  const head = Buffer.from(JSON.stringify(list));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_LGWIN]: 24 };
  return brotliCompressSync(Buffer.concat([length, head, ...parts]), { params });
}

function run(command: string, args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed.\n${stdout}${stderr}`);
}
