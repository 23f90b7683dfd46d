// Checksums of files on web servers: one that somebody was told, or what servers say of their files when they are asked
// (RFC 9530, and RFC 3230 before it).

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { InvalidArgumentError } from '@commander-js/extra-typings';
import { requestFollowing, type World } from '@shoal/base';

export interface Checksum {
  readonly algorithm: 'sha1' | 'sha256' | 'sha512' | 'md5';
  readonly hex: string;
}

const lengths = { md5: 32, sha1: 40, sha256: 64, sha512: 128 } as const;
const algorithms = ['sha256', 'sha512', 'sha1', 'md5'] as const;
const mostRedirects = 5;

/** `sha-256=HEX`, or the digits alone, whose number says what they are. */
export function parseChecksum(text: string): Checksum {
  const [, named = '', hex = ''] =
    /^(?:([a-z]+-?\d+)[=:])?([0-9a-f]+)$/.exec(text.trim().toLowerCase()) ?? [];
  const name = named.replace('-', '');
  const algorithm = algorithms.find((one) => lengths[one] === hex.length && (name === '' || name === one));
  if (algorithm === undefined)
    throw new InvalidArgumentError(
      'It is a name and hexadecimal digits, such as sha-256=9f86d08…, or md5=….',
    );
  return { algorithm, hex };
}

export async function checksumOf(
  path: string,
  algorithm: Checksum['algorithm'],
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash, { signal });
  return hash.digest('hex');
}

/** What the server says its file has; undefined when it does not say. */
export async function askChecksum(
  { http }: Pick<World, 'http'>,
  url: string,
  userAgent: string,
  signal: AbortSignal,
): Promise<Checksum | undefined> {
  const headers = {
    'accept-encoding': 'identity',
    'user-agent': userAgent,
    'want-repr-digest': 'sha-256=1',
    'want-digest': 'sha-256',
  };
  try {
    const { response } = await requestFollowing(
      http,
      { url, method: 'HEAD', headers, signal },
      { mostRedirects, localReach: 'own-host' },
    );
    response.destroy();
    const { 'repr-digest': digest = '', digest: old = '' } = response.headers;
    const [, said] =
      /(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):/i.exec(digest) ??
      /(?:^|,)\s*sha-256=([A-Za-z0-9+/]{43}=)/i.exec(old) ??
      [];
    if (response.status !== 200 || said === undefined) return undefined;
    return { algorithm: 'sha256', hex: Buffer.from(said, 'base64').toString('hex') };
  } catch {
    return undefined;
  }
}
