// The engine as a program, in modes that no flag of `shoal get` sets: node lab/interop/engine.ts JSON
// A line on stdout when its disk was looked at, when it has all that it wants, and ten times a second what it moved.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createNodeWorld } from '@shoal/base/node';
import { parseTorrent } from '@shoal/metainfo';
import { OpenFiles } from '@shoal/storage';
import { createSession, type TransferMode } from '@shoal/swarm';
import { createTcpTransport } from '@shoal/transport';
import { after, isEvent, type PeerTask, type RunningPeer } from '../clients/client.ts';
import { start } from '../clients/process.ts';

export interface EngineTask extends PeerTask {
  readonly mode: TransferMode;
  /** Files whose path begins so; default all. */
  readonly only?: string;
}

export function startEngine(task: EngineTask): RunningPeer {
  const { prefix = [], state } = task;
  const options = { log: join(state, 'engine.log'), prefix };
  const program = start(process.execPath, [import.meta.filename, JSON.stringify(task)], options);
  return {
    program,
    ready: after(program, isEvent('ready')),
    complete: after(program, isEvent('complete')),
    stop: () => program.stop(),
  };
}

/** Its last word on bytes of content. */
export function moved({ program }: RunningPeer): { readonly downloaded: number; readonly uploaded: number } {
  const [, downloaded, uploaded] =
    /"downloaded":(\d+),"uploaded":(\d+)/.exec(program.lines.at(-1) ?? '') ?? [];
  return { downloaded: Number(downloaded), uploaded: Number(uploaded) };
}

async function run(task: EngineTask): Promise<void> {
  const world = createNodeWorld();
  const torrent = parseTorrent(readFileSync(task.torrent), (name, bytes) =>
    world.hashing.digest(name, bytes),
  );
  const session = createSession({
    ...world,
    openFiles: new OpenFiles(world.disk),
    transport: createTcpTransport(world),
    client: 'Lab 1',
    peerIdPrefix: '-SL0000-',
  });
  await session.listen({ port: task.port, addresses: [task.address] });
  const { only } = task;
  const transfer = session.add(
    { kind: 'torrent', torrent },
    {
      folder: task.folder,
      journal: join(task.state, 'journal'),
      mode: task.mode,
      peers: task.peers.map(({ address, port }) => ({ kind: 'ip', address, port })),
      ...(only === undefined ? {} : { isWanted: (path: string) => path.startsWith(only) }),
    },
  );
  let wasReady = false;
  let wasComplete = false;
  setInterval(() => {
    if (!wasReady && transfer.state !== 'checking') console.log(JSON.stringify({ event: 'ready' }));
    wasReady ||= transfer.state !== 'checking';
    if (!wasComplete && transfer.isComplete) console.log(JSON.stringify({ event: 'complete' }));
    wasComplete ||= transfer.isComplete;
    const { downloadedBytes, uploadedBytes } = transfer.progress;
    console.log(JSON.stringify({ event: 'moved', downloaded: downloadedBytes, uploaded: uploadedBytes }));
  }, 100);
}

const [given] = process.argv.slice(2);
if (import.meta.main && given !== undefined) await run(JSON.parse(given));
