// What stands in for clamd where its faults are to be had: it keeps to the stream protocol until it is told to break it.

import { createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

export type Behaviour =
  | 'faithful'
  | 'hangs'
  | 'hangs-up'
  | 'answers-early'
  | 'half-an-answer'
  | 'two-answers'
  | 'endless'
  | 'nonsense'
  | 'error'
  | 'dies-midway';

export interface ClamdPeer {
  readonly where: string;
  behaviour: Behaviour;
  /** How many streams it was asked about. */
  asked: number;
}

/** It finds whatever has EVIL in it. */
export async function startClamdPeer(context: TestContext, behaviour: Behaviour): Promise<ClamdPeer> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    peer.asked++;
    talk(socket, peer.behaviour);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const peer: ClamdPeer = { where: `127.0.0.1:${port}`, behaviour, asked: 0 };
  return peer;
}

const answers: Partial<Record<Behaviour, string>> = {
  'half-an-answer': 'stream: OK',
  'two-answers': 'stream: OK\0stream: OK\0',
  nonsense: 'HTTP/1.1 200 OK\0',
  error: 'INSTREAM size limit exceeded. ERROR\0',
};

function talk(socket: Socket, behaviour: Behaviour): void {
  let heard = Buffer.alloc(0);
  if (behaviour === 'answers-early') socket.write('stream: OK\0');
  if (behaviour === 'endless') socket.write('x'.repeat(100_000));
  if (behaviour === 'hangs-up') socket.end();
  socket.on('data', (bytes: Buffer) => {
    if (behaviour === 'hangs') return;
    if (behaviour === 'dies-midway') socket.resetAndDestroy();
    heard = Buffer.concat([heard, bytes]);
    const content = contentOf(heard);
    if (content === undefined) return;
    socket.end(
      answers[behaviour] ?? (content.includes('EVIL') ? 'stream: Test.Evil FOUND\0' : 'stream: OK\0'),
    );
  });
}

/** Undefined before all of it has come. */
function contentOf(heard: Buffer): Buffer | undefined {
  const start = 'zINSTREAM\0';
  if (heard.length < start.length) return undefined;
  if (heard.toString('latin1', 0, start.length) !== start) throw new Error('that is no INSTREAM');
  const chunks: Buffer[] = [];
  for (let at = start.length; at + 4 <= heard.length; ) {
    const length = heard.readUInt32BE(at);
    if (length === 0) return Buffer.concat(chunks);
    chunks.push(heard.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return undefined;
}
