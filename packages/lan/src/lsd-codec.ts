// BEP 14: the datagram that says "I have these torrents, and take connections at this port".

import { fromHex, toHex, toLatin1, toUtf8 } from '@shoal/base';
import { maxCookieLength, maxDatagramBytes, maxHashesPerDatagram, maxReceivedBytes } from './bounds.ts';

export const lsdPort = 6771;
export const lsdGroups = { 4: '239.192.152.143', 6: 'ff15::efc0:988f' } as const;

export interface LocalAnnounce {
  readonly port: number;
  readonly infoHashes: readonly Uint8Array[];
  /** By which a sender knows its own datagrams. */
  readonly cookie?: string;
}

const firstLine = 'BT-SEARCH * HTTP/1.1';

/** Hashes that fit one datagram: 52 bytes a line, beside at most 128 for the rest. */
export const hashesPerDatagram = Math.floor((maxDatagramBytes - 128) / 52);

export function encodeLocalAnnounce({ port, infoHashes, cookie }: LocalAnnounce, family: 4 | 6): Uint8Array {
  const host = family === 4 ? lsdGroups[4] : `[${lsdGroups[6]}]`;
  const lines = [
    firstLine,
    `Host: ${host}:${lsdPort}`,
    `Port: ${port}`,
    ...infoHashes.map((hash) => `Infohash: ${toHex(hash)}`),
    ...(cookie === undefined ? [] : [`cookie: ${cookie}`]),
    '',
    '',
    '',
  ];
  return toUtf8(lines.join('\r\n'));
}

/** Undefined for what is no announce. Header names in any case, line ends with or without a carriage return. */
export function parseLocalAnnounce(bytes: Uint8Array): LocalAnnounce | undefined {
  if (bytes.length > maxReceivedBytes) return undefined;
  const [first = '', ...lines] = toLatin1(bytes).split(/\r?\n/);
  if (!/^BT-SEARCH \* HTTP\/1\.[01]$/i.test(first.trimEnd())) return undefined;
  const infoHashes = new Map<string, Uint8Array>();
  let port = 0;
  let cookie: string | undefined;
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const value = line.slice(colon + 1).trim();
    switch (line.slice(0, colon).trim().toLowerCase()) {
      case 'port':
        if (/^\d{1,5}$/.test(value)) port = Number(value);
        break;
      case 'infohash': {
        const hash = value.length === 40 ? fromHex(value) : undefined;
        if (hash !== undefined && infoHashes.size < maxHashesPerDatagram) infoHashes.set(toHex(hash), hash);
        break;
      }
      case 'cookie':
        if (value.length <= maxCookieLength) cookie = value;
        break;
    }
  }
  if (port < 1 || port > 65_535 || infoHashes.size === 0) return undefined;
  return { port, infoHashes: [...infoHashes.values()], ...(cookie === undefined ? {} : { cookie }) };
}
