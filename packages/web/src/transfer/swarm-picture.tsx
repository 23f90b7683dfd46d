// The swarm as a picture: this node in the middle, peers around it, what flows as lines between them, and at the edge who
// told of them. Where less motion is wanted it stands still; the table under it says the same in words.

import type { PeerSummary } from '@shoal/api';
import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY } from 'd3-force';
import { useEffect, useRef, useState } from 'react';
import { formatRate, visible } from '../format.ts';
import { useWidth } from '../parts/use-width.ts';
import { texts } from '../texts.ts';

export const mostDrawn = 120;
const [middleRadius, mostLine] = [20, 9];

/** Who told of a peer, as it is drawn: each kind once. */
const tellerKinds = ['given', 'lan', 'tracker', 'index', 'dht', 'pex', 'incoming'] as const;
type TellerKind = (typeof tellerKinds)[number];

function tellerOf({ tellers = [], isIncoming }: PeerSummary): TellerKind | undefined {
  const kinds = tellers.map((teller) => teller.split(' ', 1)[0]);
  return tellerKinds.find((kind) => kinds.includes(kind)) ?? (isIncoming ? 'incoming' : undefined);
}

interface Place {
  readonly id: string;
  x: number;
  y: number;
  fx?: number | null;
  fy?: number | null;
}

export function SwarmPicture({ peers }: { readonly peers: readonly PeerSummary[] }) {
  const places = useRef(new Map<string, Place>());
  const [, redraw] = useState(0);
  const drawn = peers.slice(0, mostDrawn);
  const isNarrow = useWidth() < 760;
  const isSmall = drawn.length < 9;
  const [width, height] = isNarrow ? [360, isSmall ? 300 : 400] : [900, isSmall ? 260 : 420];
  const told = drawn.map((peer) => ({ address: peer.address, kind: tellerOf(peer) }));
  const kinds = tellerKinds.filter((kind) => told.some((one) => one.kind === kind));
  const key = told
    .map(({ address, kind }) => `${address} ${kind}`)
    .sort()
    .join();
  /** At the edge, spread from the left around. */
  const hubs = kinds.map((kind, index) => {
    const angle = Math.PI + (index / kinds.length) * 2 * Math.PI;
    return { kind, x: Math.cos(angle) * (width / 2 - 62), y: Math.sin(angle) * (height / 2 - 22) };
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: the key is the peers, whatever their order
  useEffect(() => {
    const known = places.current;
    const me = known.get('') ?? { id: '', x: 0, y: 0, fx: 0, fy: 0 };
    const nodes = [
      me,
      ...drawn.map(({ address }, index): Place => {
        const angle = index * 2.4;
        const place = { id: address, x: Math.cos(angle) * 120, y: Math.sin(angle) * 120 };
        return known.get(address) ?? place;
      }),
    ];
    places.current = new Map(nodes.map((node) => [node.id, node]));
    const edge = hubs.map(({ kind, x, y }): Place => ({ id: `told ${kind}`, x, y, fx: x, fy: y }));
    const links = drawn.map(({ address }) => ({ source: '', target: address }));
    const tellings = told.flatMap(({ address, kind }) =>
      kind === undefined ? [] : [{ source: `told ${kind}`, target: address }],
    );
    const simulation = forceSimulation([...nodes, ...edge])
      .force('charge', forceManyBody().strength(isNarrow ? -120 : -320))
      .force('x', forceX(0).strength(isNarrow ? 0.08 : 0.012))
      .force('y', forceY(0).strength(isNarrow ? 0.08 : 0.13))
      .force('collide', forceCollide(18))
      .force(
        'told',
        forceLink<Place, { source: string; target: string }>(tellings)
          .id(({ id }) => id)
          .distance(isNarrow ? 70 : 120)
          // One alone would pull all to its side.
          .strength(kinds.length === 1 ? 0 : 0.1),
      )
      .force(
        'link',
        forceLink<Place, { source: string; target: string }>(links)
          .id(({ id }) => id)
          .distance(isNarrow ? 95 : 150)
          .strength(0.3),
      )
      .stop();
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) {
      simulation.tick(200);
      redraw((count) => count + 1);
      return;
    }
    simulation.on('tick', () => redraw((count) => count + 1)).restart();
    return () => void simulation.stop();
  }, [key, isNarrow, isSmall]);

  const busiest = Math.max(1, ...drawn.flatMap(({ downRate, upRate }) => [downRate, upRate]));
  const widthOf = (rate: number): number => (rate < 1 ? 0 : 1 + (mostLine - 1) * Math.sqrt(rate / busiest));
  const words = texts.transfer.peers;
  return (
    <figure className="swarm">
      <svg viewBox={`${-width / 2} ${-height / 2} ${width} ${height}`} aria-hidden="true">
        {hubs.map(({ kind, x, y }) => (
          <g key={kind} className="teller">
            {told.map(({ address, kind: by }) => {
              const place = by === kind ? places.current.get(address) : undefined;
              return (
                place && (
                  <line
                    key={address}
                    x1={x}
                    y1={y}
                    x2={clamp(place.x, width / 2 - 16)}
                    y2={clamp(place.y, height / 2 - 16)}
                  />
                )
              );
            })}
          </g>
        ))}
        {drawn.map((peer) => {
          const place = places.current.get(peer.address);
          if (place === undefined) return null;
          const x = clamp(place.x, width / 2 - 16);
          const y = clamp(place.y, height / 2 - 16);
          const length = Math.hypot(x, y) || 1;
          // The two directions run side by side.
          const [dx, dy] = [(-y / length) * 4, (x / length) * 4];
          return (
            <g key={peer.address}>
              <line className="idle" x1="0" y1="0" x2={x} y2={y} />
              {peer.downRate >= 1 && (
                <line
                  className="flow down"
                  x1={x + dx}
                  y1={y + dy}
                  x2={dx}
                  y2={dy}
                  strokeWidth={widthOf(peer.downRate)}
                />
              )}
              {peer.upRate >= 1 && (
                <line
                  className="flow up"
                  x1={-dx}
                  y1={-dy}
                  x2={x - dx}
                  y2={y - dy}
                  strokeWidth={widthOf(peer.upRate)}
                />
              )}
              <g transform={`translate(${x} ${y})`} className={peer.has >= 1 ? 'peer seed' : 'peer'}>
                <title>{titleOf(peer)}</title>
                <circle className="back" r="11" />
                <circle
                  className="has"
                  r="8"
                  pathLength="100"
                  strokeDasharray={`${Math.min(1, peer.has) * 100} 100`}
                  transform="rotate(-90)"
                />
              </g>
            </g>
          );
        })}
        {hubs.map(({ kind, x, y }) => (
          <g key={kind} className="tellerName" transform={`translate(${x} ${y})`}>
            <rect x="-56" y="-14" width="112" height="28" rx="14" />
            <text textAnchor="middle" dominantBaseline="central">
              {words.told[kind]}
            </text>
          </g>
        ))}
        <circle className="me" r={middleRadius} />
        <path
          className="meFish"
          transform="translate(-14 -12)"
          d="M3 12c5-6 13-6 18 0l4-4v8l-4-4c-5 6-13 6-18 0z"
        />
      </svg>
      <figcaption className="legend quiet">
        <span className="here">{words.legend.down}</span>
        <span className="up">{words.legend.up}</span>
        <span className="seed">{words.legend.seed}</span>
        <span className="told">{words.legend.told}</span>
      </figcaption>
    </figure>
  );
}

function clamp(value: number, most: number): number {
  return Math.max(-most, Math.min(most, value));
}

function titleOf({ address, client, downRate, upRate }: PeerSummary): string {
  const rates = texts.rates.both(formatRate(downRate), formatRate(upRate));
  return `${address}${client === undefined ? '' : ` · ${visible(client, 80)}`} · ${rates}`;
}
