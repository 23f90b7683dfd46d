// An HTTP server in the simulator, and raw bytes to it.

import { concatBytes, fromUtf8Lossy, type Stream, toUtf8 } from '@shoal/base';
import { createSimulation, type Simulation } from '@shoal/sim';
import { HttpServer, type HttpServerOptions } from '../../src/http/server.ts';

export interface Client {
  /** All that came so far. */
  text(): string;
  readonly stream: Stream;
  isClosed(): boolean;
  hasEnded(): boolean;
  send(text: string | Uint8Array): void;
}

export async function serve(options: HttpServerOptions): Promise<{
  simulation: Simulation;
  server: HttpServer;
  connect(): Promise<Client>;
}> {
  const simulation = createSimulation({ seed: 1 });
  const [home, guest] = [simulation.addHost({ name: 'home' }), simulation.addHost({ name: 'guest' })];
  const server = new HttpServer(home.world.clock, options);
  await simulation.settle(
    home.world.streams.listen({ address: home.address, port: 80 }, (stream) => server.accept(stream)),
  );
  async function connect(): Promise<Client> {
    const stream = await simulation.settle(guest.world.streams.connect({ address: home.address, port: 80 }));
    let received = new Uint8Array(0);
    let closed = false;
    let ended = false;
    stream.start({
      data: (bytes) => {
        received = concatBytes(received, bytes) as Uint8Array<ArrayBuffer>;
      },
      end: () => {
        ended = true;
      },
      drain() {},
      close: () => {
        closed = true;
      },
    });
    return {
      stream,
      text: () => fromUtf8Lossy(received),
      isClosed: () => closed,
      hasEnded: () => ended,
      send: (text) => stream.write(typeof text === 'string' ? toUtf8(text) : text),
    };
  }
  return { simulation, server, connect };
}
