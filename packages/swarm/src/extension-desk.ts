// Extension messages of one transfer's peers (BEP 10): the handshake, peer exchange (11), upload-only (21),
// dont-have (54), holepunch (55). Each name that we take has an id in `ourExtensions`; what we do not know is passed over.

import { type IpScope, ipScope, type PeerAddress } from '@shoal/base';
import {
  decodeDontHave,
  decodeExtendedHandshake,
  decodePex,
  decodeUploadOnly,
  encodeExtendedHandshake,
  encodePex,
  encodeUploadOnly,
  extendedHandshakeId,
  ourExtensions,
  type PexPeer,
  pexFlag,
} from '@shoal/wire';
import * as bound from './bounds.ts';
import { Holepunch } from './holepunch.ts';
import type { MetadataExchange } from './metadata-exchange.ts';
import type { Peer } from './peer.ts';

export interface ExtensionDeskOptions {
  readonly peers: ReadonlySet<Peer>;
  readonly metadata: MetadataExchange;
  readonly client: string;
  readonly listenPort: () => number | undefined;
  readonly info: () => Uint8Array | undefined;
  /** BEP 27: a private torrent's peers come from its tracker alone. Unknown before the metadata: then no exchange. */
  readonly exchangesPeers: () => boolean;
  readonly isUploadOnly: () => boolean;
  readonly nowMs: () => number;
  /** That is how we look to this peer. */
  outsideAddress(by: PeerAddress, address: string): void;
  heardOf(address: PeerAddress): void;
  /** It dials us now, and waits for us to do the same. */
  dial(address: PeerAddress): void;
  lacks(peer: Peer, piece: number): void;
  uploadOnly(peer: Peer): void;
}

export class ExtensionDesk {
  readonly #o: ExtensionDeskOptions;
  readonly #holepunch: Holepunch;

  constructor(options: ExtensionDeskOptions) {
    this.#o = options;
    const { peers, nowMs, listenPort } = options;
    this.#holepunch = new Holepunch({ peers, nowMs, listenPort, addressOf, mayName, dial: options.dial });
  }

  left(peer: Peer): void {
    this.#holepunch.left(peer);
  }

  /** A dial came to nothing. */
  notReached(address: PeerAddress): void {
    if (this.#o.exchangesPeers()) this.#holepunch.notReached(address);
  }

  greet(peer: Peer): void {
    if (!peer.extensions) return;
    const { address } = peer;
    const listenPort = this.#o.listenPort();
    const metadataSize = this.#o.info()?.length;
    const isUploadOnly = this.#o.isUploadOnly();
    peer.extension.toldUploadOnly = isUploadOnly;
    const { ut_pex, ut_holepunch, ut_metadata, upload_only, lt_donthave } = ourExtensions;
    peer.outbox.extended(
      extendedHandshakeId,
      encodeExtendedHandshake({
        extensions: {
          ut_metadata,
          upload_only,
          lt_donthave,
          ...(this.#o.exchangesPeers() ? { ut_pex, ut_holepunch } : {}),
        },
        client: this.#o.client,
        requestQueue: bound.requestsQueued,
        yourAddress: address.address,
        ...(listenPort === undefined ? {} : { port: listenPort }),
        ...(metadataSize === undefined ? {} : { metadataSize }),
        ...(isUploadOnly ? { uploadOnly: true } : {}),
      }),
    );
  }

  received(peer: Peer, id: number, payload: Uint8Array): void {
    switch (id) {
      case extendedHandshakeId:
        this.#handshake(peer, payload);
        return;
      case ourExtensions.ut_metadata:
        this.#o.metadata.received(peer, payload);
        return;
      case ourExtensions.ut_pex:
        this.#exchange(peer, payload);
        return;
      case ourExtensions.upload_only:
        peer.annoy();
        peer.extension.isUploadOnly = decodeUploadOnly(payload);
        this.#o.uploadOnly(peer);
        return;
      case ourExtensions.ut_holepunch:
        if (this.#o.exchangesPeers()) this.#holepunch.received(peer, payload);
        else peer.annoy(10);
        return;
      case ourExtensions.lt_donthave: {
        const piece = decodeDontHave(payload);
        peer.conduct.dontHave(piece);
        peer.annoy();
        this.#o.lacks(peer, piece);
        return;
      }
      default:
        peer.annoy();
    }
  }

  /** BEP 21: those who were told otherwise hear whether we want anything. */
  sayUploadOnly(): void {
    const isUploadOnly = this.#o.isUploadOnly();
    for (const { extension, outbox } of this.#o.peers) {
      if (extension.toldUploadOnly === isUploadOnly) continue;
      const id = extension.ids.get('upload_only') ?? 0;
      if (id === 0) continue;
      extension.toldUploadOnly = isUploadOnly;
      outbox.extended(id, encodeUploadOnly(isUploadOnly));
    }
  }

  /** Now and then: tells each peer who else is here. */
  tick(): void {
    if (!this.#o.exchangesPeers()) return;
    let connected: PexPeer[] | undefined;
    for (const peer of this.#o.peers) {
      const id = peer.extension.ids.get('ut_pex') ?? 0;
      if (id === 0) continue;
      connected ??= this.#connected();
      const own = addressOf(peer);
      const message = peer.extension.pexGiver.next(
        this.#o.nowMs(),
        connected.filter(({ endpoint }) => endpoint !== own && keyOf(endpoint) !== (own && keyOf(own))),
      );
      if (message !== undefined) peer.outbox.extended(id, encodePex(message));
    }
  }

  #handshake(peer: Peer, payload: Uint8Array): void {
    peer.annoy(5);
    const handshake = decodeExtendedHandshake(payload);
    const { extension } = peer;
    for (const [name, id] of Object.entries(handshake.extensions)) extension.ids.set(name, id);
    extension.client = handshake.client ?? extension.client;
    extension.ourAddress = handshake.yourAddress ?? extension.ourAddress;
    if (handshake.yourAddress !== undefined) this.#o.outsideAddress(peer.address, handshake.yourAddress);
    extension.listenPort = handshake.port ?? extension.listenPort;
    extension.metadataSize = handshake.metadataSize ?? extension.metadataSize;
    if (handshake.uploadOnly !== undefined) extension.isUploadOnly = handshake.uploadOnly;
    if (handshake.requestQueue !== undefined)
      peer.requests.setLimit(Math.min(handshake.requestQueue, bound.mostRequests));
    this.#o.metadata.tick();
    if (handshake.uploadOnly !== undefined) this.#o.uploadOnly(peer);
  }

  #exchange(peer: Peer, payload: Uint8Array): void {
    if (!this.#o.exchangesPeers() || !peer.extension.pexPace.takes(this.#o.nowMs())) {
      peer.annoy(10);
      return;
    }
    for (const { endpoint } of decodePex(payload).added) {
      if (!mayName(peer.address.address, endpoint.address)) continue;
      this.#holepunch.heardOf({ kind: 'ip', ...endpoint }, peer);
      this.#o.heardOf({ kind: 'ip', ...endpoint });
    }
  }

  #connected(): PexPeer[] {
    const byKey = new Map<string, PexPeer>();
    for (const peer of this.#o.peers) {
      const endpoint = addressOf(peer);
      if (endpoint === undefined || endpoint.zone !== undefined) continue;
      const flags =
        (peer.extension.isUploadOnly || peer.pieces?.hasAll === true ? pexFlag.uploadOnly : 0) |
        (peer.channel.isIncoming ? 0 : pexFlag.reachable);
      byKey.set(keyOf(endpoint), { endpoint, flags });
    }
    return [...byKey.values()];
  }
}

/** Where others can dial it; undefined for one that dialled us and has not said where it listens. */
function addressOf(peer: Peer): PeerAddress | undefined {
  if (!peer.channel.isIncoming) return peer.address;
  const port = peer.extension.listenPort;
  return port === undefined ? undefined : { ...peer.address, port };
}

function keyOf({ address, port }: { address: string; port: number }): string {
  return `${address} ${port}`;
}

/** From afar to near. Whoever is far away has no business sending us to what is near. */
const scopes: readonly (IpScope | undefined)[] = ['public', 'private', 'link-local', 'loopback'];

function mayName(speaker: string, named: string): boolean {
  const scope = scopes.indexOf(ipScope(named));
  return scope >= 0 && scope <= scopes.indexOf(ipScope(speaker));
}
