// The pieces under way, each with how far it is and whom it comes from.

import type { PieceMapAnswer } from '@shoal/api';
import { formatCount } from '../format.ts';
import { Name } from '../parts/name.tsx';
import { Progress } from '../parts/progress.tsx';
import { texts } from '../texts.ts';

const mostListed = 8;
const words = texts.transfer.map;

type Coming = PieceMapAnswer['coming'][number];

export function ComingPieces({ map: { coming, comingPieces } }: { readonly map: PieceMapAnswer }) {
  if (coming.length === 0) return null;
  const listed = coming.slice(0, mostListed);
  return (
    <section className="card flush">
      <h2>{words.comingTitle}</h2>
      <div className="scroll" tabIndex={0} role="region" aria-label={words.comingTitle}>
        <table className="coming">
          <thead>
            <tr>
              <th scope="col">{words.columns.piece}</th>
              <th scope="col">{words.columns.blocks}</th>
              <th scope="col">{words.columns.from}</th>
            </tr>
          </thead>
          <tbody>
            {listed.map((one) => (
              <tr key={one.piece}>
                <th scope="row">{formatCount(one.piece)}</th>
                <td className="blocks">
                  <Progress share={one.received / Math.max(1, one.blocks)} kind="busy" />
                  <span className="quiet">{words.blocks(one.received, one.blocks)}</span>
                </td>
                <td>
                  <Shares from={one.from} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {comingPieces > listed.length && (
        <p className="more quiet">{words.moreComing(comingPieces - listed.length)}</p>
      )}
    </section>
  );
}

export function Shares({ from }: { readonly from: Coming['from'] }) {
  return (
    <ul className="shares">
      {from
        .toSorted((a, b) => b.received + b.asked - a.received - a.asked)
        .map(({ address, url, client, received, asked }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: several may have left, and have no name any more
          <li key={`${address ?? url ?? ''} ${index}`}>
            <code>
              <Name text={address ?? url ?? words.left} longest={120} />
            </code>
            {client !== undefined && (
              <span className="quiet">
                {' '}
                <Name text={client} longest={60} />
              </span>
            )}
            <span className="quiet"> · {words.share(received, asked)}</span>
          </li>
        ))}
    </ul>
  );
}
