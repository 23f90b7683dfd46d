// The map of pieces on a canvas: what is here, what is on its way, and of the rest how many have it. The same is said
// in words above it.

import type { PieceMapAnswer } from '@shoal/api';
import { type PointerEvent, useEffect, useMemo, useRef, useState } from 'react';
import { useColours } from '../parts/use-colours.ts';
import { useWidth } from '../parts/use-width.ts';
import { texts } from '../texts.ts';
import { type Cell, readPieces, sumUp, toCells } from './pieces.ts';

const mostRows = 16;
const [cellSize, gap] = [13, 2];
const mostShades = 8;

export function PieceMap({ map }: { readonly map: PieceMapAnswer }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [columns, setColumns] = useState(40);
  const [hovered, setHovered] = useState<Cell>();
  const pieces = useMemo(() => readPieces(map), [map]);
  const sums = useMemo(() => sumUp(pieces), [pieces]);
  const cells = useMemo(() => toCells(pieces, columns * mostRows), [pieces, columns]);
  const colours = useColours();
  const width = useWidth();
  const rows = Math.ceil(cells.length / columns);
  const { map: words } = texts.transfer;

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
    for (const [index, cell] of cells.entries()) {
      const x = (index % columns) * (cellSize + gap);
      const y = Math.floor(index / columns) * (cellSize + gap);
      drawCell(context, cell, x, y, colours);
    }
  }, [cells, columns, rows, colours]);

  function hover({ nativeEvent }: PointerEvent): void {
    const column = Math.floor(nativeEvent.offsetX / (cellSize + gap));
    const row = Math.floor(nativeEvent.offsetY / (cellSize + gap));
    setHovered(column < columns ? cells[row * columns + column] : undefined);
  }

  return (
    <>
      <p className="quiet">
        {words.summary(sums.here, sums.coming, map.pieces)}
        {sums.fewest !== undefined && `. ${words.rarest(sums.fewest)}`}
      </p>
      <div className="pieces" aria-hidden="true">
        <canvas
          ref={canvas}
          style={{ width: columns * (cellSize + gap), height: rows * (cellSize + gap) }}
          onPointerMove={hover}
          onPointerLeave={() => setHovered(undefined)}
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
    </>
  );
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
  const { map: words } = texts.transfer;
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
