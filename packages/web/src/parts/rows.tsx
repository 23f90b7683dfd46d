// A list of which only the rows in sight exist, so ten thousand cost as much as thirty. All rows are of one height.

import { type KeyboardEvent, type ReactNode, type RefObject, useLayoutEffect, useRef, useState } from 'react';

const beyondSight = 6;

export interface RowsProps {
  readonly count: number;
  readonly height: number;
  readonly scroller: RefObject<HTMLDivElement | null>;
  /** `top` is where it has to stand; one that stays is not drawn again when others come into sight. */
  readonly row: (index: number, top: number) => ReactNode;
  readonly label: string;
  readonly className?: string;
  /** Where the keyboard is, and the id of that row's element. */
  readonly active?: { readonly index: number; readonly id: string } | undefined;
  /** Where to begin, in pixels. */
  readonly initialTop?: number;
  readonly isMany?: boolean;
  /** No taller than its rows. */
  readonly fits?: boolean;
  readonly head?: ReactNode;
  readonly onKeyDown?: (event: KeyboardEvent<HTMLDivElement>) => void;
  readonly onScrolled?: (top: number) => void;
}

export function Rows(props: RowsProps) {
  const { count, height, scroller, row, onScrolled } = props;
  const initialTop = useRef(props.initialTop ?? 0);
  const [{ first, shown }, setWindow] = useState({ first: 0, shown: 30 });

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const look = (): void => {
      const next = Math.max(0, Math.floor(element.scrollTop / height) - beyondSight);
      const seen = Math.ceil(element.clientHeight / height) + 2 * beyondSight;
      onScrolled?.(element.scrollTop);
      setWindow((before) =>
        before.first === next && before.shown === seen ? before : { first: next, shown: seen },
      );
    };
    if (initialTop.current > 0) element.scrollTop = initialTop.current;
    initialTop.current = 0;
    look();
    element.addEventListener('scroll', look, { passive: true });
    const size = new ResizeObserver(look);
    size.observe(element);
    return () => {
      element.removeEventListener('scroll', look);
      size.disconnect();
    };
  }, [scroller, height, onScrolled]);

  const start = Math.min(first, Math.max(0, count - shown));
  const end = Math.min(count, start + shown);
  const activeIndex = props.active?.index ?? -1;
  const isActiveInSight = activeIndex >= start && activeIndex < end;
  return (
    <div
      ref={scroller}
      className={`rows ${props.className ?? ''}`}
      role="grid"
      aria-label={props.label}
      aria-rowcount={count + (props.head === undefined ? 0 : 1)}
      aria-multiselectable={props.isMany}
      aria-activedescendant={isActiveInSight ? props.active?.id : undefined}
      tabIndex={0}
      style={props.fits ? { height: count * height } : undefined}
      onKeyDown={props.onKeyDown}
    >
      {props.head}
      <div className="whole" role="rowgroup" style={{ height: count * height }}>
        {Array.from({ length: end - start }, (_, i) => row(start + i, (start + i) * height))}
      </div>
    </div>
  );
}

/** Brings a row into sight, and leaves one alone that is. */
export function scrollToRow(scroller: HTMLDivElement | null, index: number, height: number, head = 0): void {
  if (scroller === null) return;
  const top = index * height;
  if (top < scroller.scrollTop) scroller.scrollTop = top;
  else if (top + height + head > scroller.scrollTop + scroller.clientHeight)
    scroller.scrollTop = top + height + head - scroller.clientHeight;
}
