// A web server for tests that serves files as they should be, or as it is told: cut off, dripping, endless, wrong.

import type { Clock, Listener, Stream, Streams, TlsStreams } from '@shoal/base';

export interface Asked {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined when no range was asked for. */
  readonly range: { readonly start: number; readonly end: number } | undefined;
  /** From 0. */
  readonly count: number;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** The connection breaks after so many bytes of the body. */
  readonly cutAfter?: number;
  /** Sends no faster; 0 sends the head and then nothing. */
  readonly bytesPerSecond?: number;
  /** Not even a head. */
  readonly isSilent?: boolean;
  /** Zeros without an end and without a length follow the body. */
  readonly isEndless?: boolean;
  /** Without a length; the end of the connection is the end. */
  readonly hidesLength?: boolean;
}

export interface WebServer {
  readonly asked: Asked[];
  /** Bytes of bodies that were given to the network. */
  readonly sent: () => number;
  readonly connections: () => number;
  readonly listener: Listener;
}

export interface WebServerOptions {
  readonly address: string;
  readonly port?: number;
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** By path, percent-decoded, with the slash before it. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** In place of the usual answer; undefined for that one. */
  readonly answer?: (asked: Asked, usual: Reply) => Reply | undefined;
}

const zeros = new Uint8Array(65_536);

export async function startWebServer(
  world: { readonly streams: Streams; readonly tls: TlsStreams; readonly clock: Clock },
  options: WebServerOptions,
): Promise<WebServer> {
  const asked: Asked[] = [];
  let sent = 0;
  let connections = 0;
  const open = new Set<Stream>();
  const { address, tls, files, answer } = options;

  function accept(stream: Stream): void {
    connections++;
    open.add(stream);
    let text = '';
    stream.start({
      data(bytes) {
        text += Buffer.from(bytes).toString('latin1');
        for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
          const one = readRequest(text.slice(0, end), asked.length);
          text = text.slice(end + 4);
          asked.push(one);
          const usual = usualReply(files, one);
          send(stream, answer?.(one, usual) ?? usual);
        }
      },
      end: () => stream.end(),
      drain() {},
      close: () => open.delete(stream),
    });
  }

  function send(stream: Stream, reply: Reply): void {
    if (reply.isSilent === true) return;
    const { status = 200, headers = {}, body = new Uint8Array(0) } = reply;
    const isOpen = reply.isEndless === true || reply.hidesLength === true;
    const length = isOpen ? { connection: 'close' } : { 'content-length': String(body.length) };
    const lines = Object.entries({ ...length, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
    stream.write(Buffer.from(`HTTP/1.1 ${status} -\r\n${lines.join('')}\r\n`));
    const part = body.subarray(0, reply.cutAfter ?? body.length);
    const finish = () => {
      if (reply.cutAfter !== undefined) stream.destroy();
      else if (reply.isEndless === true) pour(stream);
      else if (reply.hidesLength === true) stream.end();
    };
    if (reply.bytesPerSecond === 0) return;
    sendAll(stream, part, reply.bytesPerSecond, finish);
  }

  function sendAll(stream: Stream, bytes: Uint8Array, rate: number | undefined, finish: () => void): void {
    const step = rate === undefined ? 65_536 : Math.max(1, Math.round(rate / 4));
    const next = (at: number): void => {
      if (at >= bytes.length) {
        finish();
        return;
      }
      const chunk = bytes.subarray(at, at + step);
      sent += chunk.length;
      if (rate === undefined) stream.write(chunk, () => next(at + step));
      else {
        stream.write(chunk);
        world.clock.setTimer(250, () => next(at + step));
      }
    };
    next(0);
  }

  function pour(stream: Stream): void {
    if (!open.has(stream)) return;
    sent += zeros.length;
    stream.write(zeros, () => world.clock.setTimer(1, () => pour(stream)));
  }

  const { port = tls === undefined ? 80 : 443 } = options;
  const listener =
    tls === undefined
      ? await world.streams.listen({ address, port }, accept)
      : await world.tls.listen({ address, port, ...tls }, accept);
  return { asked, sent: () => sent, connections: () => connections, listener };
}

function readRequest(head: string, count: number): Asked {
  const [start = '', ...lines] = head.split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  );
  const match = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '');
  const range = match === null ? undefined : { start: Number(match[1]), end: Number(match[2]) + 1 };
  return { path: start.split(' ')[1] ?? '', headers, range, count };
}

function usualReply(files: WebServerOptions['files'], { path, range }: Asked): Reply {
  const file = files.get(decodeURIComponent(path.replace(/\?.*$/, '')));
  if (file === undefined) return { status: 404, body: Buffer.from('<html>there is no such file</html>') };
  if (range === undefined) return { body: file };
  if (range.start >= file.length)
    return { status: 416, headers: { 'content-range': `bytes */${file.length}` } };
  const end = Math.min(range.end, file.length);
  return {
    status: 206,
    headers: { 'content-range': `bytes ${range.start}-${end - 1}/${file.length}` },
    body: file.subarray(range.start, end),
  };
}
