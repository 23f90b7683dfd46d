// A map of pieces as cells: where there are more pieces than cells, a cell stands for several and shows their share.

import type { PieceMapAnswer } from '@shoal/api';

export interface Pieces {
  /** 0 missing, 1 on its way, 2 here. */
  readonly states: Uint8Array;
  readonly availability: Uint8Array;
}

export interface Cell {
  readonly first: number;
  readonly last: number;
  readonly here: number;
  readonly coming: number;
  /** Of the missing ones, the least; undefined where none is missing. */
  readonly fewest: number | undefined;
}

export function readPieces({ states, availability }: PieceMapAnswer): Pieces {
  return { states: fromBase64(states), availability: fromBase64(availability) };
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

export function toCells({ states, availability }: Pieces, mostCells: number): Cell[] {
  const perCell = Math.max(1, Math.ceil(states.length / Math.max(1, mostCells)));
  const cells: Cell[] = [];
  for (let first = 0; first < states.length; first += perCell) {
    const last = Math.min(states.length, first + perCell) - 1;
    let [here, coming] = [0, 0];
    let fewest: number | undefined;
    for (let piece = first; piece <= last; piece++) {
      if (states[piece] === 2) here++;
      else {
        if (states[piece] === 1) coming++;
        fewest = Math.min(fewest ?? 255, availability[piece] ?? 0);
      }
    }
    cells.push({ first, last, here, coming, fewest });
  }
  return cells;
}

export interface PieceSums {
  readonly here: number;
  readonly coming: number;
  readonly fewest: number | undefined;
}

export function sumUp(pieces: Pieces): PieceSums {
  const [all] = toCells(pieces, 1);
  return all ?? { here: 0, coming: 0, fewest: undefined };
}
