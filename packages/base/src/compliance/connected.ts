// Two streams that are each other's ends.

import type { Listener, Stream } from '../world/streams.ts';
import type { WorldPair } from './harness.ts';
import { Recorder } from './recorder.ts';

export interface Connected {
  /** The end that `a` dialled. */
  readonly dialled: Recorder;
  /** The end that `b` accepted. */
  readonly accepted: Recorder;
  readonly listener: Listener;
}

/** Not started yet. */
export async function connectPair({ a, b, addressB }: WorldPair): Promise<Connected> {
  const { promise, resolve } = Promise.withResolvers<Stream>();
  const listener = await b.streams.listen({ address: addressB, port: 0 }, resolve);
  const dialled = await a.streams.connect(listener.local);
  return { dialled: new Recorder(dialled), accepted: new Recorder(await promise), listener };
}

export async function startPair(pair: WorldPair): Promise<Connected> {
  const connected = await connectPair(pair);
  connected.dialled.start();
  connected.accepted.start();
  return connected;
}
