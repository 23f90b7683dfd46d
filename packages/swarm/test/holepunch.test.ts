import assert from 'node:assert/strict';
import { simTest } from '@shoal/sim/testing';
import {
  decodeHolepunch,
  encodeExtendedHandshake,
  encodeHolepunch,
  type HolepunchMessage,
  ourExtensions,
} from '@shoal/wire';
import { HostileHost } from './faults/hostile-host.ts';
import type { HostileLine } from './faults/hostile-line.ts';
import { makeSample, someBytes } from './sample.ts';
import { addPeer, closeAll, runUntil, type SimPeer } from './sim-swarm.ts';

const sample = makeSample({ 'a.bin': someBytes(400_000) }, { pieceLength: 32_768 });

simTest(
  'a peer that cannot be dialled is brought to dial, by one that both know',
  { seeds: 3 },
  async (simulation) => {
    const relay = await addPeer(simulation, { sample });
    const lan = simulation.addLan({ nat: { kind: 'port-restricted' } });
    // It cannot be dialled, and knows of nobody but the relay.
    const line = { latencyMs: 20, upBytesPerSecond: 4_000 };
    const inside = await addPeer(simulation, { sample, isSeed: true, host: { lan, line }, knows: [relay] });
    await runUntil(simulation, [relay, inside], () => relay.transfer.peers.length === 1);
    const outside = await addPeer(simulation, { sample, knows: [relay] });
    const peers = [relay, inside, outside];
    await runUntil(
      simulation,
      peers,
      () =>
        outside.transfer.peers.some(
          ({ address, isIncoming }) => isIncoming && address.address === lan.address,
        ),
      95_000,
    );
    await closeAll(simulation, peers);
  },
);

function ask(messages: readonly HolepunchMessage[]) {
  const heard: HolepunchMessage[] = [];
  return {
    heard,
    script: {
      name: 'asks to be introduced',
      begin(line: HostileLine) {
        line.extended(0, encodeExtendedHandshake({ extensions: { ut_holepunch: 7 }, port: 6881 }));
        for (const message of messages) line.extended(ourExtensions.ut_holepunch, encodeHolepunch(message));
      },
      handlers: () => ({
        extended(id: number, payload: Uint8Array) {
          if (id === 7) heard.push(decodeHolepunch(payload));
        },
      }),
    },
  };
}

simTest('whoever cannot be introduced hears why', {}, async (simulation) => {
  const relay = await addPeer(simulation, { sample, isSeed: true });
  const endpoint = (address: string, port = 6881) =>
    ({ kind: 'rendezvous', endpoint: { address, port } }) as const;
  const { heard, script } = ask([
    endpoint('9.9.9.9'),
    endpoint('9.9.9.9', 0),
    endpoint('127.0.0.1'),
    endpoint('0.0.0.0'),
  ]);
  const asker = new HostileHost(simulation, script, sample, {});
  asker.attack(relay.address);
  await runUntil(simulation, [relay], () => heard.length === 4);
  assert.deepEqual(
    heard.map((message) => message.kind === 'error' && message.failure),
    ['not-connected', 'no-such-peer', 'not-connected', 'not-connected'],
  );
  await closeAll(simulation, [relay]);
});

simTest(
  'introductions are bounded, for whoever asks and for whoever is asked for',
  {},
  async (simulation) => {
    const relay = await addPeer(simulation, { sample, isSeed: true });
    const target: SimPeer = await addPeer(simulation, {
      sample,
      knows: [relay],
      options: { isWanted: () => false },
    });
    await simulation.advance(1000);
    const { heard, script } = ask(
      Array.from({ length: 30 }, () => ({
        kind: 'rendezvous' as const,
        endpoint: { address: target.host.address, port: 6881 },
      })),
    );
    const asker = new HostileHost(simulation, script, sample, {});
    asker.attack(relay.address);
    await simulation.advance(5000);
    assert.ok(heard.length > 0 && heard.length <= 11, `${heard.length} answers`);
    await closeAll(simulation, [relay, target]);
  },
);
