// What pages, feeds and Torznab share: how often somebody may ask, what the index is called, and how a torrent is got from
// it.

import type { Clock, Hashing } from '@shoal/base';
import { searchingRate } from '../catalogue/bounds.ts';
import type { Catalogue, CatalogueEntry } from '../catalogue/catalogue.ts';
import { Origins } from '../http/origin.ts';
import { RemoteOf } from '../http/remote.ts';
import type { IndexRequest } from '../http/routes.ts';
import { networkOf } from '../network.ts';
import { maxNetworksLimited } from '../registry/bounds.ts';
import { Limiter } from '../registry/limiter.ts';

/** By the first 40 digits of an info hash. */
export interface TorrentFiles {
  torrentFile(infoHash: string): Uint8Array | undefined;
  torrentLength(infoHash: string): number | undefined;
}

export interface FaceOptions {
  readonly clock: Clock;
  readonly hashing: Pick<Hashing, 'digest'>;
  readonly catalogue: Catalogue;
  /** Of which contents the index has a torrent file. */
  readonly torrents: TorrentFiles;
  /** Where peers announce: "/announce". Undefined when that needs a key. */
  readonly announcePath?: string | undefined;
  /** Lifts the limits of rate. */
  readonly unlimited?: boolean;
  /** Addresses of proxies whose X-Forwarded-For, -Host and -Proto are believed. */
  readonly proxies?: readonly string[];
}

export interface Offer {
  readonly magnet: string;
  /** An address of a torrent file. */
  readonly torrent: string | undefined;
}

/** One for all faces: a limit for all of them together. */
export class Face {
  readonly clock: Clock;
  readonly hashing: Pick<Hashing, 'digest'>;
  readonly catalogue: Catalogue;
  readonly torrents: TorrentFiles;
  readonly counts = { pages: 0, feeds: 0, torznab: 0 };
  readonly #announcePath: string | undefined;
  readonly #origins: Origins;
  readonly #remoteOf: RemoteOf;
  readonly #limiter: Limiter | undefined;

  constructor(options: FaceOptions) {
    const { clock, proxies = [] } = options;
    this.clock = clock;
    this.hashing = options.hashing;
    this.catalogue = options.catalogue;
    this.torrents = options.torrents;
    this.#announcePath = options.announcePath;
    this.#origins = new Origins(proxies);
    this.#remoteOf = new RemoteOf(proxies);
    this.#limiter =
      options.unlimited === true ? undefined : new Limiter(clock, searchingRate, maxNetworksLimited);
  }

  /** 0 where a request may be answered, else in how many milliseconds. */
  waitMs(request: IndexRequest): number {
    return this.#limiter?.take(networkOf(this.#remoteOf.address(request))) ?? 0;
  }

  /** "https://index.example" */
  origin(request: IndexRequest): string {
    return this.#origins.of(request);
  }

  offer({ infoHash, magnet }: CatalogueEntry, origin: string): Offer {
    const tracker =
      this.#announcePath === undefined ? '' : `&tr=${encodeURIComponent(origin + this.#announcePath)}`;
    return {
      magnet: magnet + tracker,
      torrent:
        this.torrents.torrentLength(infoHash) === undefined
          ? undefined
          : `${origin}/torrents/${infoHash}.torrent`,
    };
  }
}
