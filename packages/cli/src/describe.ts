// Torrents and links in words: the fields that `--json` prints, whose names are stable, and lines for people.

import { toHex } from '@shoal/base';
import { type InfoHashes, type Magnet, magnetOf, type Torrent } from '@shoal/metainfo';
import { countOf, formatBytes } from './numbers.ts';

export interface TorrentDescription extends LinkDescription {
  readonly format: string;
  readonly pieceLength: number;
  readonly pieceCount: number;
  /** Padding not counted. */
  readonly length: number;
  readonly files: readonly { readonly path: string; readonly length: number; readonly pad: boolean }[];
  readonly private: boolean;
  readonly source?: string;
  readonly comment?: string;
  readonly createdBy?: string;
  readonly creationDate?: string;
}

export interface LinkDescription {
  readonly name?: string;
  readonly infoHashV1?: string;
  readonly infoHashV2?: string;
  /** Tiers. */
  readonly trackers: readonly (readonly string[])[];
  readonly webSeeds: readonly string[];
  readonly magnet: string;
}

export function describeTorrent(torrent: Torrent): TorrentDescription {
  const { layout, source, comment, createdBy } = torrent;
  const made = dateOf(torrent);
  return {
    name: torrent.name,
    ...hashesOf(torrent.infoHashes),
    format: torrent.format,
    pieceLength: layout.pieceLength,
    pieceCount: layout.pieceCount,
    length: layout.contentLength,
    files: layout.files.map(({ path, length, isPad }) => ({ path: path.join('/'), length, pad: isPad })),
    private: torrent.isPrivate,
    trackers: torrent.trackers,
    webSeeds: torrent.webSeeds,
    ...(source === undefined ? {} : { source }),
    ...(comment === undefined ? {} : { comment }),
    ...(createdBy === undefined ? {} : { createdBy }),
    ...(made === undefined ? {} : { creationDate: made }),
    magnet: magnetOf(torrent),
  };
}

export function describeMagnet(magnet: Magnet): LinkDescription & Pick<Magnet, 'peers' | 'selectOnly'> {
  const trackers = magnet.trackers.map((url) => [url]);
  return {
    ...(magnet.name === undefined ? {} : { name: magnet.name }),
    ...hashesOf(magnet.infoHashes),
    trackers,
    webSeeds: magnet.webSeeds,
    peers: magnet.peers,
    ...(magnet.selectOnly === undefined ? {} : { selectOnly: magnet.selectOnly }),
    magnet: magnetOf(magnet),
  };
}

export function textOfTorrent(torrent: Torrent): string {
  const { layout } = torrent;
  const files = layout.files.filter((file) => !file.isPad);
  return [
    ...rows([
      ['name', torrent.name],
      ['format', torrent.format],
      ...hashRows(torrent.infoHashes),
      ['content', `${formatBytes(layout.contentLength)} in ${countOf(files.length, 'file')}`],
      ['pieces', `${layout.pieceCount} of ${formatBytes(layout.pieceLength)}`],
      ['private', torrent.isPrivate ? 'yes' : undefined],
      ...torrent.trackers.map((tier): Row => ['tracker', tier.join(' or ')]),
      ...torrent.webSeeds.map((url): Row => ['web seed', url]),
      ['source', torrent.source],
      ['comment', torrent.comment],
      ['made by', torrent.createdBy],
      ['made on', dateOf(torrent)],
      ['link', magnetOf(torrent)],
    ]),
    'files',
    ...files.map((file) => {
      const link = file.linkTarget === undefined ? '' : ` -> ${file.linkTarget.join('/')}`;
      return `${formatBytes(file.length).padStart(12)}  ${file.path.join('/')}${link}`;
    }),
  ].join('\n');
}

export function textOfMagnet(magnet: Magnet): string {
  return rows([
    ['name', magnet.name],
    ...hashRows(magnet.infoHashes),
    ...magnet.trackers.map((url): Row => ['tracker', url]),
    ...magnet.webSeeds.map((url): Row => ['web seed', url]),
    ...magnet.peers.map(({ host, port }): Row => ['peer', `${host} port ${port}`]),
    [
      'files',
      magnet.selectOnly
        ?.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`))
        .join(','),
    ],
    ['link', magnetOf(magnet)],
  ]).join('\n');
}

type Row = readonly [label: string, value: string | undefined];

function rows(all: readonly Row[]): string[] {
  return all
    .filter(([, value]) => value !== undefined)
    .map(([label, value]) => `${label.padEnd(10)} ${value?.replaceAll('\n', ' ')}`);
}

function hashRows({ v1, v2 }: InfoHashes): Row[] {
  return [
    ['v1 hash', v1 === undefined ? undefined : toHex(v1)],
    ['v2 hash', v2 === undefined ? undefined : toHex(v2)],
  ];
}

function hashesOf({ v1, v2 }: InfoHashes): { infoHashV1?: string; infoHashV2?: string } {
  return {
    ...(v1 === undefined ? {} : { infoHashV1: toHex(v1) }),
    ...(v2 === undefined ? {} : { infoHashV2: toHex(v2) }),
  };
}

/** Undefined for a year that no calendar has. */
function dateOf({ creationDate }: Torrent): string | undefined {
  const date = new Date((creationDate ?? Number.NaN) * 1000);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
