// A whole swarm in trouble, drawn from the seed: formats and shapes of torrents, magnet starts, hostile peers, bad
// lines, partitions, crashes, full, slow and failing disks. It ends with the right bytes at every honest host, or with
// a reason that its own faults explain.

import assert from 'node:assert/strict';
import type { TorrentFormat } from '@shoal/metainfo';
import type { HostOptions, LineOptions, SeededRandom, Simulation } from '@shoal/sim';
import { makeSample, type Sample, someBytes } from '../sample.ts';
import type { SimPeer } from '../sim-swarm.ts';
import { Arena } from './arena.ts';
import { Audience } from './audience.ts';
import { scripts } from './scripts.ts';

/** Faults stop then, at the latest, and what is left has to finish. */
const troubleMs = 60_000;
const limitMs = 1_800_000;

function pick<T>(random: SeededRandom, values: readonly [T, ...T[]]): T {
  return values[random.below(values.length)] ?? values[0];
}

function drawSample(random: SeededRandom): Sample {
  const format = pick<TorrentFormat>(random, ['v1', 'v2', 'hybrid']);
  const pieceLength = pick(random, [16_384, 32_768, 65_536, 131_072]);
  const bytes = (most: number) => someBytes(1 + random.below(most), 1 + random.below(1000));
  const contents = random.chance(0.3)
    ? bytes(900_000)
    : Object.fromEntries(
        Array.from({ length: 1 + random.below(5) }, (_, i) => [
          `${random.chance(0.3) ? 'sub/' : ''}${i}.bin`,
          random.chance(0.1) ? new Uint8Array(0) : bytes(i === 0 ? 500_000 : 90_000),
        ]),
      );
  const isEmpty =
    !(contents instanceof Uint8Array) && Object.values(contents).every(({ length }) => length === 0);
  return makeSample(isEmpty ? bytes(100_000) : contents, { format, pieceLength });
}

function drawLine(random: SeededRandom, up: number): LineOptions {
  return {
    latencyMs: 1 + random.below(80),
    upBytesPerSecond: up * (0.3 + random.fraction()),
    ...(random.chance(0.4) ? { loss: random.fraction() * 0.05 } : {}),
    ...(random.chance(0.4) ? { jitterMs: random.below(60) } : {}),
    ...(random.chance(0.3) ? { reorder: random.fraction() * 0.1 } : {}),
  };
}

/** Runs one; throws when a promise was broken. */
export async function ordeal(simulation: Simulation): Promise<void> {
  const random = simulation.randomFor('ordeal');
  const sample = drawSample(random);
  const arena = new Arena(simulation, sample);
  const hostOptions = (): HostOptions => ({
    line: drawLine(random, 2e5),
    disk: {
      ...(random.chance(0.2) ? { bytesPerSecond: 1e5 + random.below(1e6), syncMs: random.below(300) } : {}),
    },
    ...(random.chance(0.2) ? { streamWindowBytes: 16_384 << random.below(5) } : {}),
  });

  for (let i = random.below(4); i > 0; i--) {
    const script = scripts[random.below(scripts.length)];
    if (script === undefined) continue;
    await arena.addHostile(script, { line: drawLine(random, 1e6) }).listen();
  }
  await arena.addHonest({ isSeed: true, host: hostOptions() });
  if (random.chance(0.3)) await arena.addHonest({ isSeed: true, host: hostOptions() });
  const isMagnet = random.chance(0.3);
  const leechers = 1 + random.below(3);
  for (let i = 0; i < leechers; i++) {
    const knows = [...arena.hostile.filter(() => random.chance(0.7)), ...arena.honest];
    await arena.addHonest({ knows, isMagnet, host: hostOptions() });
  }
  for (const hostile of arena.hostile)
    for (const { address } of arena.honest) if (random.chance(0.4)) hostile.attack(address);

  const audience = new Audience(arena, random);
  if (random.chance(0.2)) await audience.addVolunteer();
  const faults = random.below(4);
  for (let i = 0; i < faults; i++) {
    const nextFault = simulation.nowMs + random.below(troubleMs / 3);
    await arena.runUntil(() => arena.areAllDone || simulation.nowMs >= nextFault, limitMs);
    await strike(arena, random);
    audience.act();
  }
  await arena.runToTheEnd(limitMs);
  await audience.leave();
  arena.checkHonest();
  await arena.close();
}

async function strike(arena: Arena, random: SeededRandom): Promise<void> {
  const { simulation } = arena;
  const peer = arena.honest[random.below(arena.honest.length)];
  if (peer === undefined) return;
  const lastsMs = 100 + random.below(troubleMs / 3);
  switch (random.below(11)) {
    case 0: {
      const others = arena.honest.filter((other) => other !== peer).map(({ host }) => host);
      const partition = simulation.partition([peer.host], others);
      simulation.after(lastsMs, () => partition.heal());
      return;
    }
    case 1:
      peer.host.crash({ unsynced: drawCrash(arena, peer, random) });
      await simulation.advance(random.below(5000));
      await arena.restart(peer);
      return;
    case 2:
      await crashAtDisk(arena, peer, random, lastsMs);
      return;
    case 3: {
      peer.host.disk.setCapacity(peer.host.disk.usedBytes + random.below(100_000));
      simulation.after(lastsMs, () => peer.host.disk.setCapacity(1e9));
      return;
    }
    case 4: {
      // A failing disk fails the transfer, with the reason; a new start on a mended one goes on.
      const kind = pick(random, ['read', 'write', 'sync', 'open', 'rename'] as const);
      const mend = peer.host.disk.fail('io', { kind, times: 1 + random.below(3), after: random.below(10) });
      simulation.after(lastsMs, mend);
      return;
    }
    case 5: {
      const mend = peer.host.disk.delay(200 + random.below(3000), { times: 1 + random.below(10) });
      simulation.after(lastsMs, mend);
      return;
    }
    case 6:
      peer.host.setLine({ loss: 0.3, latencyMs: 400 });
      simulation.after(lastsMs, () => peer.host.setLine({ loss: 0.01, latencyMs: 20 }));
      return;
    case 7: {
      // Limits that come and go, down to nothing; their buckets are among the invariants.
      const rate = () => pick(random, [0, 3_000, 20_000, 100_000, 4e12]);
      const direction = random.chance(0.5) ? 'downBytesPerSecond' : 'upBytesPerSecond';
      if (random.chance(0.3)) peer.transfer.setLimits({ [direction]: rate() });
      else peer.session.setLimits({ [direction]: rate() });
      simulation.after(lastsMs, () => {
        peer.transfer.setLimits({});
        peer.session.setLimits({});
      });
      return;
    }
    case 8:
    case 9: {
      void peer.transfer.pause().catch(() => {});
      simulation.after(random.below(3) === 0 ? 0 : lastsMs, () => peer.transfer.resume());
      return;
    }
    default:
      await simulation.settle(peer.session.close());
      await arena.restart(peer);
  }
}

function drawCrash(arena: Arena, peer: SimPeer, random: SeededRandom): 'lost' | 'torn' | 'kept' {
  const unsynced = pick<'lost' | 'torn' | 'kept'>(random, ['lost', 'torn', 'kept']);
  if (unsynced !== 'kept') arena.cutPower(peer);
  return unsynced;
}

async function crashAtDisk(
  arena: Arena,
  peer: SimPeer,
  random: SeededRandom,
  lastsMs: number,
): Promise<void> {
  const { simulation } = arena;
  peer.host.setCrashOptions({ unsynced: drawCrash(arena, peer, random) });
  const cancel = peer.host.disk.crash(pick(random, ['before', 'during', 'after']), {
    after: random.below(30),
    ...(random.chance(0.5) ? { kind: 'write' } : {}),
  });
  const endMs = simulation.nowMs + lastsMs;
  await arena.runUntil(() => !peer.host.isUp || simulation.nowMs >= endMs, limitMs);
  cancel();
  if (!peer.host.isUp) await arena.restart(peer);
  assert.ok(peer.host.isUp);
}
