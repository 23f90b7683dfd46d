// Whom a transfer is connected with: a picture of the swarm, and all of it again as a table.

import type { PeerSummary, TransferDetails } from '@shoal/api';
import { useMemo, useState } from 'react';
import { formatRate, formatShare } from '../format.ts';
import { change } from '../node/session.ts';
import { Field } from '../parts/field.tsx';
import { Name } from '../parts/name.tsx';
import { texts } from '../texts.ts';
import { attempt } from '../transfers/acting.ts';
import { useAnswer } from './ask.ts';
import { mostDrawn, SwarmPicture } from './swarm-picture.tsx';

const peersEveryMs = 2000;
const mostListed = 500;

interface PeersProps {
  readonly id: string;
  readonly bans: TransferDetails['bans'];
}

export default function Peers({ id, bans }: PeersProps) {
  const request = useMemo(() => ({ params: { id } }), [id]);
  const { answer, again } = useAnswer('peers', request, peersEveryMs);
  const words = texts.transfer.peers;
  const peers = useMemo(
    () => answer?.toSorted((a, b) => b.downRate + b.upRate - a.downRate - a.upRate || compare(a, b)),
    [answer],
  );
  if (peers === undefined) return <p className="loading">{texts.pages.loading}</p>;
  const sum = (rate: 'downRate' | 'upRate'): string =>
    formatRate(peers.reduce((total, peer) => total + peer[rate], 0));
  return (
    <div className="overview">
      {peers.length === 0 ? (
        <p className="quiet">{words.none}</p>
      ) : (
        <>
          <section className="card">
            <h2>{words.title}</h2>
            <p className="quiet">
              {words.summary(peers.length, sum('downRate'), sum('upRate'))}
              {peers.length > mostDrawn && `. ${words.more(mostDrawn)}`}
            </p>
            <SwarmPicture peers={peers} />
          </section>
          <PeerTable peers={peers.slice(0, mostListed)} />
        </>
      )}
      <AddPeer id={id} onAdded={again} />
      {bans.length > 0 && (
        <section className="card">
          <h2>{words.bans}</h2>
          <ul className="names">
            {bans.map(({ address, reason }) => (
              <li key={address}>
                <code>{address}</code> <Name text={reason} />
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

function AddPeer({ id, onAdded }: { readonly id: string; readonly onAdded: () => void }) {
  const [peer, setPeer] = useState('');
  const words = texts.transfer.peers;
  async function add(): Promise<void> {
    const isDone = await attempt(async () => {
      await change('addPeers', { params: { id }, body: { peers: [peer.trim()] } });
    });
    if (!isDone) return;
    setPeer('');
    onAdded();
  }
  return (
    <form
      className="card addPeer"
      onSubmit={(event) => {
        event.preventDefault();
        if (peer.trim() !== '') void add();
      }}
    >
      <Field label={words.add} placeholder={words.addHint} value={peer} maxLength={300} onText={setPeer} />
      <button type="submit">{words.addGo}</button>
    </form>
  );
}

function compare(a: PeerSummary, b: PeerSummary): number {
  return a.address < b.address ? -1 : 1;
}

function PeerTable({ peers }: { readonly peers: readonly PeerSummary[] }) {
  const words = texts.transfer.peers;
  return (
    <section className="card flush">
      <div className="scroll" tabIndex={0} role="region" aria-label={texts.transfer.tabs.peers}>
        <table>
          <thead>
            <tr>
              <th scope="col">{words.address}</th>
              <th scope="col">{words.client}</th>
              <th scope="col">{words.has}</th>
              <th scope="col">{words.down}</th>
              <th scope="col">{words.up}</th>
              <th scope="col">{words.tellers}</th>
              <th scope="col">{words.how}</th>
            </tr>
          </thead>
          <tbody>
            {peers.map((peer) => (
              <tr key={peer.address}>
                <th scope="row">
                  <code>{peer.address}</code>
                </th>
                <td>{peer.client === undefined ? '–' : <Name text={peer.client} longest={80} />}</td>
                <td className="number">{formatShare(peer.has, 1)}</td>
                <td className="number">{formatRate(peer.downRate)}</td>
                <td className="number">{formatRate(peer.upRate)}</td>
                <td>
                  <Name text={tellersOf(peer)} longest={200} />
                </td>
                <td className="quiet">{howOf(peer)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function tellersOf({ tellers = [] }: PeerSummary): string {
  return tellers.map(texts.transfer.peers.tellerText).join(', ') || '–';
}

function howOf({ isIncoming, isEncrypted, isOnLan }: PeerSummary): string {
  const words = texts.transfer.peers;
  return [
    isIncoming ? words.incoming : words.outgoing,
    ...(isEncrypted ? [words.encrypted] : []),
    ...(isOnLan ? [words.lan] : []),
  ].join(', ');
}
