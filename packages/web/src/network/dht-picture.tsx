// The nodes of the DHT that this node knows, as a picture: itself in the middle, the nearest ids in the innermost rings.
// What answered lately is full, what may be gone is hollow. The same is told in words above it, and node by node below.

import type { DhtNodes } from '@shoal/api';
import { useMemo } from 'react';
import { formatCount, formatDuration } from '../format.ts';
import { texts } from '../texts.ts';
import { useAnswer } from '../transfer/ask.ts';

const everyMs = 5000;
const half = 200;
const [innermost, outermost] = [34, 186];
const mostListed = 200;
const words = texts.network.dht;
const request = {};

type Node = DhtNodes['nodes'][number];

export default function DhtPicture() {
  const { answer } = useAnswer('dhtNodes', request, everyMs);
  if (answer === undefined) return <p className="quiet">{texts.pages.loading}</p>;
  const { families, nodes, known } = answer;
  if (families.length === 0) return <p className="quiet">{words.off}</p>;
  const count = (fits: (node: Node) => boolean): number => nodes.filter(fits).length;
  const good = count(({ state }) => state === 'good');
  return (
    <>
      <p>
        {known === 0
          ? words.none
          : words.summary(
              known,
              good,
              count(({ family }) => family === 4),
              count(({ family }) => family === 6),
            )}
        {known > nodes.length && ` ${words.nearest(nodes.length)}`}
      </p>
      <Picture nodes={nodes} />
      {families.map(({ family, id, externalAddress }) => (
        <p key={family} className="quiet dhtSelf">
          {words.self(family)} <code>{id}</code>
          {externalAddress !== undefined && (
            <>
              {' · '}
              {words.seenAs} <code>{externalAddress}</code>
            </>
          )}
        </p>
      ))}
      {nodes.length > 0 && <List nodes={nodes} />}
    </>
  );
}

function Picture({ nodes }: { readonly nodes: readonly Node[] }) {
  const dots = useMemo(() => {
    const farthest = Math.min(...nodes.map(({ sharedBits }) => sharedBits), 0);
    const nearest = Math.max(...nodes.map(({ sharedBits }) => sharedBits), farthest + 1);
    return nodes.map((node) => {
      const share = (node.sharedBits - farthest) / (nearest - farthest);
      const radius = outermost - (outermost - innermost) * share;
      const angle = angleOf(node);
      return { node, x: Math.cos(angle) * radius, y: Math.sin(angle) * radius };
    });
  }, [nodes]);
  const rings = [innermost, 72, 110, 148, outermost];
  return (
    <figure className="dht">
      <svg viewBox={`${-half} ${-half} ${2 * half} ${2 * half}`} aria-hidden="true">
        {rings.map((radius) => (
          <circle key={radius} className="ring" r={radius} />
        ))}
        {dots.map(({ node, x, y }) => (
          <g
            key={`${node.family} ${node.address}`}
            className={`node ${node.state}`}
            transform={`translate(${x} ${y})`}
          >
            <title>{titleOf(node)}</title>
            {node.family === 4 ? <circle r="4.5" /> : <rect x="-4" y="-4" width="8" height="8" />}
          </g>
        ))}
        <circle className="me" r="15" />
        <path
          className="meFish"
          transform="translate(-10.5 -9) scale(0.75)"
          d="M3 12c5-6 13-6 18 0l4-4v8l-4-4c-5 6-13 6-18 0z"
        />
      </svg>
      <figcaption className="legend quiet">
        <span className="good">{words.states.good}</span>
        <span className="questionable">{words.states.questionable}</span>
        <span className="bad">{words.states.bad}</span>
        <span className="v4">IPv4</span>
        <span className="v6">IPv6</span>
      </figcaption>
    </figure>
  );
}

/** From the bits of its id behind those that it shares: nodes of one ring are spread around it. */
function angleOf({ id, sharedBits }: Node): number {
  const from = Math.min(sharedBits >> 2, id.length - 6);
  const bits = Number.parseInt(id.slice(from, from + 6), 16) % 2 ** (24 - (sharedBits % 4));
  return (bits / 2 ** (24 - (sharedBits % 4))) * 2 * Math.PI;
}

function titleOf({ address, state, rttMs, quietSeconds, sharedBits }: Node): string {
  return words.node(address, words.states[state], rttMs, formatDuration(quietSeconds), sharedBits);
}

function List({ nodes }: { readonly nodes: readonly Node[] }) {
  return (
    <details className="dhtList">
      <summary>{words.list}</summary>
      <div className="scroll" tabIndex={0} role="region" aria-label={words.list}>
        <table>
          <thead>
            <tr>
              <th scope="col">{words.columns.address}</th>
              <th scope="col">{words.columns.state}</th>
              <th scope="col">{words.columns.distance}</th>
              <th scope="col">{words.columns.answer}</th>
              <th scope="col">{words.columns.quiet}</th>
            </tr>
          </thead>
          <tbody>
            {nodes.slice(0, mostListed).map(({ family, address, state, sharedBits, rttMs, quietSeconds }) => (
              <tr key={`${family} ${address}`}>
                <th scope="row">
                  <code>{address}</code>
                </th>
                <td>{words.states[state]}</td>
                <td className="number">{words.bits(sharedBits)}</td>
                <td className="number">
                  {rttMs === undefined ? '–' : `${formatCount(Math.round(rttMs))} ms`}
                </td>
                <td className="number">{formatDuration(quietSeconds)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
