// Real clients as source and as receiver. The cases are chosen so that every pair of options (client and role,
// format, encryption) meets at least once where the client knows both.

import { describe, test } from 'node:test';
import { aria2 } from '../clients/aria2.ts';
import type { Client, Encryption, Format } from '../clients/client.ts';
import { libtorrent } from '../clients/libtorrent.ts';
import { missingNamespaces } from '../clients/namespace.ts';
import { shoal } from '../clients/shoal.ts';
import { transmission } from '../clients/transmission.ts';
import { webtorrent } from '../clients/webtorrent.ts';
import { exchange } from './exchange.ts';

const cases: readonly [Client, Format, Encryption][] = [
  [libtorrent, 'v1', 'off'],
  [libtorrent, 'v1', 'required'],
  [libtorrent, 'v2', 'off'],
  [libtorrent, 'v2', 'required'],
  [libtorrent, 'hybrid', 'allowed'],
  [libtorrent, 'hybrid', 'required'],
  [aria2, 'v1', 'allowed'],
  [aria2, 'v1', 'required'],
  // aria2 1.36 computes another info hash for every hybrid torrent, libtorrent's too.
  [aria2, 'v1', 'off'],
  [webtorrent, 'v1', 'off'],
  [webtorrent, 'v1', 'required'],
  [webtorrent, 'hybrid', 'off'],
  [transmission, 'v1', 'off'],
  [transmission, 'v1', 'required'],
  // Transmission 3.00 refuses every hybrid torrent, libtorrent's too.
  [transmission, 'v1', 'allowed'],
];

const noNamespaces = missingNamespaces();

describe('exchange with other clients', { concurrency: 3 }, () => {
  for (const [client, format, encryption] of cases) {
    const skip = noNamespaces ?? client.missing() ?? false;
    const words = `${format}, encryption ${encryption}`;
    test(`${client.name} gives a whole tree to us (${words})`, { skip, timeout: 180_000 }, () =>
      exchange(client, shoal, format, encryption),
    );
    test(`${client.name} takes a whole tree from us (${words})`, { skip, timeout: 180_000 }, () =>
      exchange(shoal, client, format, encryption),
    );
  }
});
