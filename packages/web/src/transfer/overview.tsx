// The pieces, the rates of the last minutes, and what there is to know of a transfer.

import type { TransferDetails } from '@shoal/api';
import { lazy, type ReactNode, Suspense, useMemo } from 'react';
import { formatBytes, formatDate, formatDuration } from '../format.ts';
import { Name } from '../parts/name.tsx';
import { texts } from '../texts.ts';
import { useAnswer } from './ask.ts';
import { ComingPieces } from './coming-pieces.tsx';
import { PieceMap } from './piece-map.tsx';

const RateChart = lazy(() => import('./rate-chart.tsx'));
const piecesEveryMs = 1500;

export function Overview({
  id,
  details,
}: {
  readonly id: string;
  readonly details: TransferDetails | undefined;
}) {
  const request = useMemo(() => ({ params: { id } }), [id]);
  const { answer } = useAnswer('pieces', request, piecesEveryMs);
  return (
    <div className="overview">
      {answer !== undefined && answer.pieces > 0 && (
        <section className="card">
          <h2>{texts.transfer.map.title}</h2>
          <PieceMap id={id} map={answer} />
        </section>
      )}
      {answer !== undefined && <ComingPieces map={answer} />}
      <section className="card">
        <h2>{texts.transfer.rates.title}</h2>
        <Suspense fallback={<div className="chart" />}>
          <RateChart of={id} />
        </Suspense>
      </section>
      {details !== undefined && <Facts details={details} />}
    </div>
  );
}

function Facts({ details }: { readonly details: TransferDetails }) {
  const { facts } = texts.transfer;
  const { statistics, pieces, pieceLength } = details;
  const { twice, late, bad } = statistics.wasted;
  const rows: readonly (readonly [string, ReactNode])[] = [
    [facts.size, details.size === 0 ? undefined : formatBytes(details.size)],
    [facts.pieces, pieces && pieceLength ? facts.piecesText(pieces, formatBytes(pieceLength)) : undefined],
    [facts.downloaded, formatBytes(details.downloaded)],
    [facts.uploaded, formatBytes(details.uploaded)],
    [facts.ratio, details.downloaded > 0 ? (details.uploaded / details.downloaded).toFixed(2) : undefined],
    [facts.wasted, twice + late + bad > 0 ? formatBytes(twice + late + bad) : undefined],
    [facts.lan, statistics.fromLan > 0 ? formatBytes(statistics.fromLan) : undefined],
    [facts.webSeeds, statistics.fromWebSeeds > 0 ? formatBytes(statistics.fromWebSeeds) : undefined],
    [facts.peers, facts.peersText(details.peers, details.seeds)],
    [facts.known, String(statistics.knownAddresses)],
    [facts.left, details.secondsLeft === undefined ? undefined : formatDuration(details.secondsLeft)],
    [facts.folder, <Name key="folder" text={details.folder} longest={4096} />],
    [facts.added, formatDate(details.addedMs)],
    [facts.completed, details.completedMs === undefined ? undefined : formatDate(details.completedMs)],
    [facts.hash, details.infoHashV1 && <code>{details.infoHashV1}</code>],
    [facts.hash2, details.infoHashV2 && <code>{details.infoHashV2}</code>],
    [facts.createdBy, details.createdBy && <Name text={details.createdBy} />],
  ];
  return (
    <section className="card">
      <dl className="facts">
        {rows.map(([name, value]) =>
          value === undefined || value === '' ? null : (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
        )}
      </dl>
      {details.comment !== undefined && details.comment !== '' && (
        <section className="comment" aria-label={facts.comment} tabIndex={0}>
          <h3>{facts.comment}</h3>
          <Name text={details.comment} longest={12_000} />
        </section>
      )}
      {details.isPrivate && <p className="quiet">{facts.private}</p>}
      {pieces !== undefined && (
        <a className="button" href={`/api/transfers/${details.id}/torrent`} download>
          {texts.actions.torrentFile}
        </a>
      )}
    </section>
  );
}
