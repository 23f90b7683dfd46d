// A server for the HTTP tests that sends exactly the bytes it is told to, over the World's own streams.

import type { Stream } from '../world/streams.ts';
import { certifiedName, testCertificate, testKey } from './certificate.ts';
import type { WorldPair } from './harness.ts';

export interface Asked {
  /** The request line and the headers, as they came. */
  readonly head: string;
  readonly body: string;
}

export interface Answering {
  readonly asked: Asked[];
  /** Connections accepted so far. */
  readonly connections: Stream[];
  /** For each connection, when it closed. */
  readonly closes: Promise<void>[];
  readonly origin: string;
}

/** `answer` gets each request and the stream to write to; a text it returns is written. */
export async function serve(
  { b, addressB }: WorldPair,
  answer: (asked: Asked, stream: Stream) => string | undefined,
  options: { readonly tls?: boolean } = {},
): Promise<Answering> {
  const asked: Asked[] = [];
  const connections: Stream[] = [];
  const closes: Promise<void>[] = [];
  const accept = (stream: Stream): void => {
    const { promise, resolve } = Promise.withResolvers<void>();
    connections.push(stream);
    closes.push(promise);
    let text = '';
    stream.start({
      data(bytes) {
        text += new TextDecoder('latin1').decode(bytes);
        for (;;) {
          const headEnd = text.indexOf('\r\n\r\n');
          if (headEnd === -1) return;
          const head = text.slice(0, headEnd);
          const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
          const end = headEnd + 4 + length;
          if (text.length < end) return;
          const one = { head, body: text.slice(headEnd + 4, end) };
          text = text.slice(end);
          asked.push(one);
          const reply = answer(one, stream);
          if (reply !== undefined) stream.write(new TextEncoder().encode(reply));
        }
      },
      end: () => stream.end(),
      drain() {},
      close: () => resolve(),
    });
  };
  const local =
    options.tls === true
      ? await b.tls.listen({ address: addressB, port: 0, certificate: testCertificate, key: testKey }, accept)
      : await b.streams.listen({ address: addressB, port: 0 }, accept);
  const { port } = local.local;
  const origin = options.tls === true ? `https://${certifiedName}:${port}` : `http://${addressB}:${port}`;
  return { asked, connections, closes, origin };
}
