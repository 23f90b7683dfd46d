// What the network tests share: streams and sockets that keep what they are told.

import type { DatagramSocket, Endpoint, Stream, WorldError } from '@shoal/base';
import type { SimHost, Simulation } from '@shoal/sim';

export interface Told {
  readonly stream: Stream;
  received: number;
  ended: boolean;
  closed: boolean;
  error: WorldError | undefined;
}

export function watch(stream: Stream): Told {
  const told: Told = { stream, received: 0, ended: false, closed: false, error: undefined };
  stream.start({
    data(bytes) {
      told.received += bytes.length;
    },
    end() {
      told.ended = true;
    },
    drain() {},
    close(error) {
      told.closed = true;
      told.error = error;
    },
  });
  return told;
}

/** The dialled and the accepted end. */
export async function connect(
  simulation: Simulation,
  from: SimHost,
  to: SimHost,
  port = 1,
): Promise<[Told, Told]> {
  const accepted = Promise.withResolvers<Stream>();
  const listener = await simulation.settle(
    to.world.streams.listen({ address: to.address, port }, accepted.resolve),
  );
  const dialled = await simulation.settle(from.world.streams.connect({ address: to.address, port }));
  const ends: [Told, Told] = [watch(dialled), watch(await simulation.settle(accepted.promise))];
  await listener.close();
  return ends;
}

/** Keeps so many bytes on their way that the line is always busy. */
export function flood(stream: Stream, chunk = 65_536): void {
  const write = (): void => void stream.write(new Uint8Array(chunk), write);
  write();
  write();
}

export interface Mail {
  readonly text: string;
  readonly from: Endpoint;
  readonly atMs: number;
}

export interface Mailbox {
  readonly socket: DatagramSocket;
  readonly mail: Mail[];
  send(text: string, to: Endpoint): void;
}

export async function mailbox(
  simulation: Simulation,
  host: SimHost,
  options: { port?: number; address?: string; shared?: boolean } = {},
): Promise<Mailbox> {
  const mail: Mail[] = [];
  const { address = '0.0.0.0', port = 4000, shared = false } = options;
  const socket = await simulation.settle(
    host.world.datagrams.bind(
      { address, port, shared },
      {
        message: (bytes, from) =>
          void mail.push({ text: new TextDecoder().decode(bytes), from, atMs: simulation.nowMs }),
        close() {},
      },
    ),
  );
  return { socket, mail, send: (text, to) => socket.send(new TextEncoder().encode(text), to) };
}
