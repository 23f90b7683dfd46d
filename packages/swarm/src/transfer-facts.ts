// What is told of one transfer to whoever looks: progress, sums, its pieces and peers. Nothing changes by looking.

import type { Connections } from './connections.ts';
import type { Holdings } from './holdings.ts';
import { Forecast } from './statistics.ts';
import type { Status } from './status.ts';
import type {
  ComingPiece,
  PeerFacts,
  PieceMap,
  PieceSource,
  TransferProgress,
  TransferStatistics,
} from './types.ts';
import type { WebSeeds } from './web-seeds/web-seeds.ts';

export interface TransferFactsOptions {
  readonly status: Status;
  readonly connections: Connections;
  readonly holdings: Holdings;
  readonly webSeeds: WebSeeds;
}

export class TransferFacts {
  readonly #o: TransferFactsOptions;
  readonly #forecast = new Forecast();

  constructor(options: TransferFactsOptions) {
    this.#o = options;
  }

  tick(nowMs: number): void {
    const { status, connections } = this.#o;
    if (status.state === 'fetching') this.#forecast.tick(nowMs, connections.download.bytesPerSecond);
    else this.#forecast.forget();
  }

  get progress(): TransferProgress {
    const { peers, download, upload } = this.#o.connections;
    const { wanted, waste } = this.#o.holdings;
    let seeds = 0;
    for (const peer of peers) if (peer.pieces?.hasAll === true) seeds++;
    return {
      ...wanted,
      downloadBytesPerSecond: download.bytesPerSecond,
      uploadBytesPerSecond: upload.bytesPerSecond,
      downloadedBytes: download.total,
      uploadedBytes: upload.total,
      wastedBytes: waste.total,
      peers: peers.size,
      seeds,
    };
  }

  get statistics(): TransferStatistics {
    const { status, webSeeds, holdings } = this.#o;
    const { download, upload, totals, peers, roster } = this.#o.connections;
    const { bytes, total } = holdings.wanted;
    const { receivedBytes } = webSeeds;
    return {
      down: { payloadBytes: download.total, peerBytes: totals.heard },
      up: { payloadBytes: upload.total, peerBytes: totals.sent },
      sources: { peers: download.total - receivedBytes, lan: totals.downFromLan, webSeeds: receivedBytes },
      waste: { ...holdings.waste.bytes },
      secondsLeft: status.state === 'fetching' ? this.#forecast.secondsFor(total - bytes) : undefined,
      connections: peers.size,
      knownAddresses: roster.size,
    };
  }

  get pieceMap(): PieceMap | undefined {
    const picker = this.#o.holdings.trade?.picker;
    if (picker === undefined) return undefined;
    const states = new Uint8Array(picker.pieceCount);
    const availability = new Uint16Array(picker.pieceCount);
    for (let piece = 0; piece < picker.pieceCount; piece++) {
      const state = picker.state(piece);
      states[piece] = state === 'have' ? 2 : state === 'missing' ? 0 : 1;
      availability[piece] = picker.copies(piece);
    }
    return { states, availability };
  }

  comingPieces(most: number): ComingPiece[] {
    const { holdings, webSeeds } = this.#o;
    const { trade } = holdings;
    if (trade === undefined) return [];
    const sourceOf = (slot: number): PieceSource => {
      const address = trade.addressOf(slot);
      const url = address === undefined ? webSeeds.urlOf(slot) : undefined;
      return { ...(address && { address }), ...(url !== undefined && { url }) };
    };
    return Array.from(trade.picker.underWay(most), ({ piece, blocks, received, bySlot }) => ({
      piece,
      blocks,
      received,
      from: Array.from(bySlot, ([slot, share]) => ({ ...sourceOf(slot), ...share })),
    }));
  }

  holdersOf(piece: number): PieceSource[] {
    const { connections, webSeeds } = this.#o;
    const peers = [...connections.peers].filter(({ pieces }) => pieces?.has(piece));
    return [...peers.map(({ address }) => ({ address })), ...webSeeds.usableUrls.map((url) => ({ url }))];
  }

  get peers(): PeerFacts[] {
    const { connections, holdings } = this.#o;
    const pieceCount = holdings.trade?.shape.pieceCount;
    return Array.from(connections.peers, (peer) => ({
      ...peer.facts(pieceCount),
      source: connections.roster.get(peer.address)?.source,
    }));
  }
}
