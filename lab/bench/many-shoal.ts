// The session that `many` measures: FOLDER COUNT record|start [HEAP-FILE]. Waits for a line before it adds the torrents.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeHeapSnapshot } from 'node:v8';
import { createNodeWorld } from '@shoal/base/node';
import { parseTorrent, type Torrent } from '@shoal/metainfo';
import { OpenFiles } from '@shoal/storage';
import { createSession } from '@shoal/swarm';
import { createTcpTransport } from '@shoal/transport';

export type Said = { readonly event: 'ready'; readonly port: number } | { readonly event: 'started' };

const [folder = '', count = '0', mode = 'start', heap = ''] = process.argv.slice(2);
const world = createNodeWorld();
const session = createSession({
  ...world,
  openFiles: new OpenFiles(world.disk),
  transport: createTcpTransport(world),
  client: 'Shoal',
  peerIdPrefix: '-SL0001-',
  bootId: 'bench',
  limits: { connections: 1000, connectionsPerTransfer: 1000 },
});
const port = await session.listen({ port: 0, addresses: ['127.0.0.1'] });
const say = (said: Said) => console.log(JSON.stringify(said));

const read = async (path: string): Promise<Torrent> =>
  parseTorrent(await readFile(path), (name, bytes) => world.hashing.digest(name, bytes));

interface Place {
  readonly torrent: string;
  readonly content: string;
  readonly journal: string;
  readonly name: string;
}

function place(index: number): Place {
  const part = join(folder, String(Math.floor(index / 1000)));
  const name = `item-${String(index).padStart(5, '0')}.bin`;
  return {
    name,
    torrent: join(part, `${name}.torrent`),
    content: join(part, 'content'),
    journal: join(part, 'state', name),
  };
}

const hashes = new Map<number, Torrent['infoHashes']>();
if (mode === 'start') {
  // What a node has in its own list.
  for (let i = 0; i < Number(count); i++) hashes.set(i, (await read(place(i).torrent)).infoHashes);
  say({ event: 'ready', port });
  await new Promise<void>((go) => process.stdin.once('data', () => go()));
}

let waiting = Number(count);
const complete = new Promise<void>((done) => {
  const one = () => {
    if (--waiting === 0) done();
  };
  for (let i = 0; i < Number(count); i++) {
    const { torrent, content, journal, name } = place(i);
    const options = { folder: content, journal };
    const infoHashes = hashes.get(i);
    const add = async () => {
      const transfer =
        infoHashes === undefined
          ? session.add(
              { kind: 'torrent', torrent: await read(torrent) },
              { ...options, hashed: [await stampOf(join(content, name))] },
            )
          : session.add(
              { kind: 'stored', infoHashes, name, isPrivate: false, load: () => read(torrent) },
              options,
            );
      if (transfer.isComplete) one();
      else
        transfer.subscribe((event) => {
          if (event.kind === 'complete') one();
        });
    };
    void add();
  }
});
await complete;
if (heap !== '') writeHeapSnapshot(heap);
if (mode === 'record') {
  await session.close();
  await world.close();
}
say({ event: 'started' });
process.on('SIGINT', () => process.exit(0));

async function stampOf(path: string) {
  const { id, length, modifiedMs } = await world.disk.stat(path);
  return { file: 0, id, length, modifiedMs };
}
