// The rooms as JavaScript with declarations: what the command, the library and the worker threads reach. Names of rooms
// become paths from file to file, and the files of worker threads end in .js.

import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const imported = /\b(from|import\(|import) ?(["'])@shoal\/([a-z-]+)((?:\/[a-z-]+)?)\2/g;
const besideMe = /(["'])(\.\/[\w-]+)\.ts\1, import\.meta\.url/g;
/** What declarations import; in JavaScript the compiler has done it. */
const relativeSource = /\b(from|import\() ?(["'])(\.{1,2}\/[^"']+)\.ts\2/g;

/** Writes into `stage` and returns the rooms that are in it. */
export function emit(root: string, stage: string): string[] {
  compile(root, stage);
  const rooms = readdirSync(join(stage, 'packages'));
  for (const room of rooms) {
    const { name, version, type } = manifestOf(root, room);
    writeFileSync(join(stage, 'packages', room, 'package.json'), JSON.stringify({ name, version, type }));
  }
  for (const path of globSync('packages/*/src/**/*.{js,d.ts}', { cwd: stage })) {
    const file = join(stage, path);
    const text = readFileSync(file, 'utf8');
    const rewritten = text
      .replace(imported, (_whole, word, _quote, room, face) => {
        const source = manifestOf(root, room).exports?.[`.${face}`];
        if (source === undefined)
          throw new Error(`${path} imports @shoal/${room}${face}, which is not exported.`);
        const there = join('packages', room, source).replace(/\.ts$/, '.js');
        if (!existsSync(join(stage, there)))
          throw new Error(`${path} needs ${there}, which was not emitted.`);
        const from = relative(dirname(path), there).replaceAll('\\', '/');
        return `${word}${word.endsWith('(') ? '' : ' '}'${from.startsWith('.') ? from : `./${from}`}'`;
      })
      .replace(besideMe, "'$2.js', import.meta.url")
      .replace(
        relativeSource,
        (_whole, word, _quote, from) => `${word}${word.endsWith('(') ? '' : ' '}'${from}.js'`,
      );
    if (rewritten !== text) writeFileSync(file, rewritten);
  }
  return rooms;
}

function compile(root: string, stage: string): void {
  const project = join(stage, 'tsconfig.json');
  writeFileSync(
    project,
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        noEmit: false,
        declaration: true,
        rootDir: root,
        outDir: stage,
        typeRoots: [join(root, 'node_modules/@types')],
        // What is found below node_modules is not emitted.
        paths: facesOf(root),
      },
      include: ['packages/cli/src/{main,library}.ts', 'packages/*/src/**/*-worker.ts'].flatMap((pattern) =>
        globSync(pattern, { cwd: root }).map((path) => join(root, path)),
      ),
      exclude: [],
    }),
  );
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '--project', project], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`The rooms do not compile.\n${stdout}`);
}

function facesOf(root: string): Record<string, string[]> {
  const faces: Record<string, string[]> = {};
  for (const room of readdirSync(join(root, 'packages'))) {
    const { name, exports = {} } = manifestOf(root, room);
    for (const [face, source] of Object.entries(exports)) {
      faces[`${name}${face.slice(1)}`] = [join(root, 'packages', room, source)];
    }
  }
  return faces;
}

/** The parts of a room's package.json that packing reads. */
export interface RoomManifest {
  readonly name: string;
  readonly version: string;
  readonly type: string;
  readonly exports?: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

export function manifestOf(root: string, room: string): RoomManifest {
  return JSON.parse(readFileSync(join(root, 'packages', room, 'package.json'), 'utf8'));
}
