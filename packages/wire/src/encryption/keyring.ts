// Which torrents an encrypted connection may be for. Looking one up costs one hash, however many there are.

import { toLatin1 } from '@shoal/base';
import { type Digests, labelled, xor } from './secrets.ts';

export interface Keyring {
  /** By the 20 bytes that stand for the torrent on the wire. */
  add(infoHash: Uint8Array): void;
  remove(infoHash: Uint8Array): void;
  /** `name` is HASH('req2', SKEY) xor HASH('req3', S). */
  find(name: Uint8Array, secret: Uint8Array): Uint8Array | undefined;
}

export function createKeyring(hashing: Digests): Keyring {
  const byName = new Map<string, Uint8Array>();
  const nameOf = (infoHash: Uint8Array): string => toLatin1(labelled(hashing, 'req2', infoHash));
  return {
    add(infoHash) {
      byName.set(nameOf(infoHash), infoHash.slice());
    },
    remove(infoHash) {
      byName.delete(nameOf(infoHash));
    },
    find(name, secret) {
      return byName.get(toLatin1(xor(name, labelled(hashing, 'req3', secret))));
    },
  };
}
