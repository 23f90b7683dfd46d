// Requests to an index, good ones, and what can be done to them.

import { concatBytes, type Random, toUtf8 } from '@shoal/base';
import { encodeUdpRequest } from '@shoal/tracker/codec';

const hash = '%05'.repeat(20);
export const announceRequest = `/announce?info_hash=${hash}&peer_id=-SH0001-abcdefghijkl&port=6881&uploaded=0&downloaded=0&left=5&event=started&numwant=50&compact=1`;

const head = 'Host: home\r\nUser-Agent: fuzz\r\nAccept-Encoding: gzip\r\n';

export const httpRequests: readonly string[] = [
  `GET ${announceRequest} HTTP/1.1\r\n${head}\r\n`,
  `GET ${announceRequest}&ip=10.0.0.1&ipv6=fd00::1&no_peer_id=1&key=abc HTTP/1.0\r\nConnection: keep-alive\r\n\r\n`,
  `GET /scrape?info_hash=${hash}&info_hash=${hash} HTTP/1.1\r\n${head}\r\n`,
  `GET /key-1234/announce?compact=0 HTTP/1.1\r\n${head}Connection: close\r\n\r\n`,
  `HEAD / HTTP/1.1\r\n${head}X-Forwarded-For: 1.2.3.4, 5.6.7.8\r\n\r\n`,
  `GET /metrics HTTP/1.1\r\n${head}\r\nGET /health HTTP/1.1\r\n${head}\r\n`,
  `GET /api/tracker/thin?limit=5 HTTP/1.1\r\n${head}Authorization: Bearer token\r\n\r\n`,
  `POST /api/tracker/listed HTTP/1.1\r\n${head}Authorization: Bearer token\r\nContent-Length: 12\r\nExpect: 100-continue\r\n\r\n{"add":[""]}`,
  `POST /api/tracker/listed HTTP/1.1\r\n${head}Authorization: Bearer token\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\n{"add\r\n7\r\n":["x"]}\r\n0\r\nTrailer: a\r\n\r\n`,
];

const infoHash = new Uint8Array(20).fill(5);
const request = {
  infoHash,
  peerId: toUtf8('-SH0001-abcdefghijkl'),
  port: 6881,
  uploaded: 1,
  downloaded: 2,
  left: 3,
  event: 'completed',
  peersWanted: 200,
  key: 1,
} as const;

export const connectPacket = encodeUdpRequest({ kind: 'connect', transaction: 7 });
export const udpPackets: readonly Uint8Array[] = [
  connectPacket,
  encodeUdpRequest({ kind: 'announce', transaction: 8, connectionId: 0n, request, urlData: '' }),
  encodeUdpRequest({
    kind: 'announce',
    transaction: 9,
    connectionId: 0n,
    request,
    urlData: '/announce?passkey=12345678',
  }),
  encodeUdpRequest({ kind: 'scrape', transaction: 10, connectionId: 0n, infoHashes: [infoHash, infoHash] }),
];

/** Some bytes flipped, taken out, put in, repeated or replaced by what parsers trip over; sometimes nothing. */
export function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  let mutated = bytes;
  for (let times = random.below(4); times > 0; times--) mutated = mutateOnce(mutated, random);
  return mutated;
}

const oddities = [
  '\r\n',
  '\n',
  '\0',
  '%',
  '%0',
  '&',
  '=',
  ':',
  '\r\n\r\n',
  ' ',
  '99999999999999999999',
  '-1',
  'Content-Length: 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  '\x80',
  'f'.repeat(9_000),
];

function mutateOnce(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.length + 1);
  const length = random.below(Math.min(40, bytes.length - at + 1));
  const [before, some, after] = [
    bytes.subarray(0, at),
    bytes.subarray(at, at + length),
    bytes.subarray(at + length),
  ];
  switch (random.below(6)) {
    case 0: {
      const flipped = bytes.slice();
      if (at < flipped.length) flipped[at] = random.below(256);
      return flipped;
    }
    case 1:
      return concatBytes(before, after);
    case 2:
      return concatBytes(before, some, some, after);
    case 3:
      return concatBytes(before, toUtf8(oddities[random.below(oddities.length)] ?? ''), after);
    case 4:
      return before;
    default: {
      const filled = new Uint8Array(length);
      random.fill(filled);
      return concatBytes(before, filled, after);
    }
  }
}
