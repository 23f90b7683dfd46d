// The map of pieces on a canvas: what is here, what is on its way, and of the rest how many have it. A cell can be picked
// with the pointer or with keys, and says who has it and whom it comes from. The same is said in words around it.

import type { PieceMapAnswer } from '@shoal/api';
import { type KeyboardEvent, type PointerEvent, useEffect, useMemo, useRef, useState } from 'react';
import { useColours } from '../parts/use-colours.ts';
import { useWidth } from '../parts/use-width.ts';
import { texts } from '../texts.ts';
import { PickedPiece } from './picked-piece.tsx';
import { type Cell, readPieces, sumUp, toCells } from './pieces.ts';

const mostRows = 16;
const [cellSize, gap] = [13, 2];
const mostShades = 8;
const words = texts.transfer.map;

export function PieceMap({ id, map }: { readonly id: string; readonly map: PieceMapAnswer }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [columns, setColumns] = useState(40);
  const [hovered, setHovered] = useState<Cell>();
  /** The first piece of the cell that was picked. */
  const [picked, setPicked] = useState<number>();
  const pieces = useMemo(() => readPieces(map), [map]);
  const sums = useMemo(() => sumUp(pieces), [pieces]);
  const cells = useMemo(() => toCells(pieces, columns * mostRows), [pieces, columns]);
  const colours = useColours();
  const width = useWidth();
  const rows = Math.ceil(cells.length / columns);
  const at = picked === undefined ? -1 : cells.findIndex(({ last }) => last >= picked);
  const cell = cells[at];

  // biome-ignore lint/correctness/useExhaustiveDependencies: another width of the window gives another one here
  useEffect(() => {
    const room = canvas.current?.parentElement?.clientWidth ?? 0;
    setColumns(Math.max(10, Math.floor((room + gap) / (cellSize + gap))));
  }, [width]);

  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (element === null || !context) return;
    const ratio = devicePixelRatio;
    element.width = columns * (cellSize + gap) * ratio;
    element.height = rows * (cellSize + gap) * ratio;
    context.scale(ratio, ratio);
    for (const [index, one] of cells.entries()) {
      const x = (index % columns) * (cellSize + gap);
      const y = Math.floor(index / columns) * (cellSize + gap);
      drawCell(context, one, x, y, colours);
      if (index !== at) continue;
      context.strokeStyle = colours.ink;
      context.lineWidth = 2;
      context.strokeRect(x + 1, y + 1, cellSize - 2, cellSize - 2);
    }
  }, [cells, columns, rows, colours, at]);

  function cellUnder({ nativeEvent }: PointerEvent): Cell | undefined {
    const column = Math.floor(nativeEvent.offsetX / (cellSize + gap));
    const row = Math.floor(nativeEvent.offsetY / (cellSize + gap));
    return column < columns ? cells[row * columns + column] : undefined;
  }

  function press(event: KeyboardEvent): void {
    const steps: Readonly<Record<string, number>> = {
      ArrowRight: at + 1,
      ArrowLeft: at - 1,
      ArrowDown: at === -1 ? 0 : at + columns,
      ArrowUp: at - columns,
      Home: 0,
      End: cells.length - 1,
    };
    const target = steps[event.key];
    if (event.key === 'Escape' && picked !== undefined) setPicked(undefined);
    else if (target !== undefined)
      setPicked(cells[Math.min(cells.length - 1, Math.max(0, target))]?.first ?? 0);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <>
      <p className="quiet">
        {words.summary(sums.here, sums.coming, map.pieces)}
        {sums.fewest !== undefined && `. ${words.rarest(sums.fewest)}`}
      </p>
      <div
        className="pieces"
        role="slider"
        tabIndex={0}
        aria-label={words.pick}
        aria-valuemin={0}
        aria-valuemax={cells.length - 1}
        aria-valuenow={Math.max(0, at)}
        aria-valuetext={cell === undefined ? words.nonePicked : describe(cell)}
        onKeyDown={press}
      >
        <canvas
          ref={canvas}
          style={{ width: columns * (cellSize + gap), height: rows * (cellSize + gap) }}
          onPointerMove={(event) => setHovered(cellUnder(event))}
          onPointerLeave={() => setHovered(undefined)}
          onPointerDown={(event) => setPicked(cellUnder(event)?.first)}
        />
      </div>
      <p className="legend quiet">
        {hovered === undefined ? (
          <>
            <span className="here">{words.here}</span>
            <span className="coming">{words.coming}</span>
            <span className="missing">{words.missing}</span>
            <span className="nobody">{words.nobody}</span>
          </>
        ) : (
          describe(hovered)
        )}
      </p>
      {cell !== undefined && (
        <PickedPiece id={id} piece={pieceToShow(cell, pieces.states)} about={describe(cell)} map={map} />
      )}
    </>
  );
}

/** Of several pieces the one that tells most: under way, or missing. */
function pieceToShow({ first, last }: Cell, states: Uint8Array): number {
  for (const wanted of [1, 0]) {
    const piece = states.subarray(first, last + 1).indexOf(wanted);
    if (piece !== -1) return first + piece;
  }
  return first;
}

type Colours = ReturnType<typeof useColours>;

function drawCell(
  context: CanvasRenderingContext2D,
  cell: Cell,
  x: number,
  y: number,
  colours: Colours,
): void {
  const count = cell.last - cell.first + 1;
  const { here, coming, fewest } = cell;
  context.globalAlpha = 1;
  if (fewest === 0) {
    context.fillStyle = colours.bad;
    context.globalAlpha = 0.45;
  } else {
    context.fillStyle = colours.quiet;
    context.globalAlpha = 0.12 + (0.33 * Math.min(fewest ?? 0, mostShades)) / mostShades;
  }
  context.fillRect(x, y, cellSize, cellSize);
  context.globalAlpha = 1;
  const hereHeight = (cellSize * here) / count;
  const comingHeight = coming === 0 ? 0 : Math.max(2, (cellSize * coming) / count);
  context.fillStyle = colours.sun;
  context.fillRect(x, y + cellSize - hereHeight - comingHeight, cellSize, comingHeight);
  context.fillStyle = colours.bar;
  context.fillRect(x, y + cellSize - hereHeight, cellSize, hereHeight);
}

function describe({ first, last, here, coming, fewest }: Cell): string {
  const count = last - first + 1;
  const state =
    here === count
      ? words.here
      : here > 0
        ? words.partly(here, count)
        : coming > 0
          ? words.coming
          : words.missing.split(',', 1)[0];
  return words.cell(first, last, state ?? '', fewest === undefined ? words.here : words.holders(fewest));
}
