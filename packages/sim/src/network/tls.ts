// TLS as far as a simulation needs it: a handshake of two round trips in which the server shows its certificate and
// the client checks it in earnest (issuer, name, dates). What follows travels in the clear.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import {
  type Clock,
  type Endpoint,
  type Listener,
  type Stream,
  type Streams,
  type TlsClientOptions,
  type TlsServerOptions,
  type TlsStreams,
  WorldError,
} from '@shoal/base';
import { longestTlsHello } from '../bounds.ts';
import { parseAddress } from './addresses.ts';
import { TlsStream } from './tls-stream.ts';

const magic = new TextEncoder().encode('SIM-TLS\n');
const headLength = magic.length + 4;

export class SimTls implements TlsStreams {
  readonly #streams: Streams;
  readonly #clock: Clock;

  constructor(streams: Streams, clock: Clock) {
    this.#streams = streams;
    this.#clock = clock;
  }

  async connect(to: Endpoint, options: TlsClientOptions): Promise<Stream> {
    const inner = await this.#streams.connect(to, options);
    const what = `Cannot speak TLS with ${options.serverName}`;
    return new Promise((resolve, reject) => {
      const { signal } = options;
      const settle = (outcome: TlsStream | WorldError): void => {
        signal?.removeEventListener('abort', onAbort);
        if (outcome instanceof TlsStream) resolve(outcome);
        else {
          inner.destroy();
          reject(outcome);
        }
      };
      const onAbort = (): void =>
        settle(new WorldError('aborted', `${what}: aborted`, { cause: signal?.reason }));
      signal?.addEventListener('abort', onAbort, { once: true });
      const stream = new TlsStream(inner, this.#clock, {
        received: (bytes) => {
          const frame = readFrame(bytes);
          if (frame === 'more') return 0;
          if (frame === 'bad') {
            settle(new WorldError('tls', `${what}: the other side does not speak it`));
            return 0;
          }
          const reason = complaint(new TextDecoder().decode(frame), options, this.#clock.wallTimeMs());
          if (reason !== undefined) {
            settle(new WorldError('tls', `${what}: ${reason}`, { value: options.serverName }));
            return 0;
          }
          inner.write(frameOf(''));
          settle(stream);
          return headLength + frame.length;
        },
        failed: (error) => settle(error ?? new WorldError('tls', `${what}: the other side hung up`)),
      });
      inner.write(frameOf(options.serverName));
    });
  }

  async listen(options: TlsServerOptions, accept: (stream: Stream) => void): Promise<Listener> {
    checkPair(options);
    return this.#streams.listen(options, (inner) => {
      let hasGreeted = false;
      const stream = new TlsStream(inner, this.#clock, {
        received: (bytes) => {
          const frame = readFrame(bytes);
          if (frame === 'more') return 0;
          if (frame === 'bad') {
            inner.destroy();
            return 0;
          }
          if (hasGreeted) accept(stream);
          else inner.write(frameOf(options.certificate));
          const isDone = hasGreeted;
          hasGreeted = true;
          return isDone ? headLength + frame.length : -(headLength + frame.length);
        },
        failed: () => inner.destroy(),
      });
    });
  }
}

function frameOf(text: string): Uint8Array {
  const body = new TextEncoder().encode(text);
  const frame = new Uint8Array(headLength + body.length);
  frame.set(magic);
  new DataView(frame.buffer).setUint32(magic.length, body.length);
  frame.set(body, headLength);
  return frame;
}

function readFrame(bytes: Uint8Array): Uint8Array | 'more' | 'bad' {
  for (let i = 0; i < Math.min(magic.length, bytes.length); i++) if (bytes[i] !== magic[i]) return 'bad';
  if (bytes.length < headLength) return 'more';
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(magic.length);
  if (length > longestTlsHello) return 'bad';
  return bytes.length < headLength + length ? 'more' : bytes.slice(headLength, headLength + length);
}

function checkPair({ certificate, key }: TlsServerOptions): void {
  const parsed = parseCertificate(certificate);
  let matches = false;
  try {
    matches = parsed?.checkPrivateKey(createPrivateKey(key)) ?? false;
  } catch {
    // Not a key at all.
  }
  if (!matches) throw new WorldError('tls', 'The certificate and the key do not belong together');
}

/** Why the certificate is not good enough; undefined when it is. */
function complaint(
  text: string,
  { serverName, trusted = [] }: TlsClientOptions,
  wallTimeMs: number,
): string | undefined {
  const certificate = parseCertificate(text);
  if (certificate === undefined) return 'it showed no certificate';
  const isIp = parseAddress(serverName) !== undefined;
  const name = isIp ? certificate.checkIP(serverName) : certificate.checkHost(serverName);
  if (name === undefined) return 'the certificate is for another name';
  if (wallTimeMs < Date.parse(certificate.validFrom)) return 'the certificate is not valid yet';
  if (wallTimeMs > Date.parse(certificate.validTo)) return 'the certificate has expired';
  const authorities = trusted.flatMap(
    (pem) => pem.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? [],
  );
  const isTrusted = authorities.some((pem) => {
    const authority = parseCertificate(pem);
    if (authority === undefined) return false;
    if (authority.fingerprint256 === certificate.fingerprint256) return true;
    return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
  });
  return isTrusted ? undefined : 'nobody vouches for the certificate';
}

function parseCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
