// One piece that was picked on the map: who has it, and whom it comes from while it is under way.

import type { PieceHolders, PieceMapAnswer } from '@shoal/api';
import { useMemo } from 'react';
import { Name } from '../parts/name.tsx';
import { texts } from '../texts.ts';
import { useAnswer } from './ask.ts';
import { Shares } from './coming-pieces.tsx';

const holdersEveryMs = 3000;
const mostHolders = 40;
const words = texts.transfer.map;

interface PickedProps {
  readonly id: string;
  readonly piece: number;
  /** The cell in words. */
  readonly about: string;
  readonly map: PieceMapAnswer;
}

export function PickedPiece({ id, piece, about, map }: PickedProps) {
  const request = useMemo(() => ({ params: { id, piece } }), [id, piece]);
  const { answer } = useAnswer('pieceHolders', request, holdersEveryMs);
  const coming = map.coming.find((one) => one.piece === piece);
  return (
    <section className="picked" aria-label={words.picked(piece)}>
      <p>
        <strong>{about}</strong>
      </p>
      {coming !== undefined && (
        <p>
          {words.piece(piece)}: {words.blocks(coming.received, coming.blocks)}. <Shares from={coming.from} />
        </p>
      )}
      {answer?.piece === piece && (
        <p className="quiet">
          {answer.holders.length === 0 ? words.nobodyHas(piece) : words.whoHas(piece)}{' '}
          <Holders holders={answer.holders} />
        </p>
      )}
    </section>
  );
}

function Holders({ holders }: { readonly holders: PieceHolders['holders'] }) {
  return (
    <>
      {holders.slice(0, mostHolders).map(({ address, url, client }, index) => (
        <span key={address ?? url ?? index}>
          {index > 0 && ', '}
          <code>
            <Name text={address ?? url ?? ''} longest={120} />
          </code>
          {client !== undefined && (
            <>
              {' '}
              <Name text={client} longest={60} />
            </>
          )}
        </span>
      ))}
      {holders.length > mostHolders && words.moreHolders(holders.length - mostHolders)}
    </>
  );
}
