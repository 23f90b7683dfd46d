// Random lines, partitions and crashes: whatever happens, stream bytes arrive in order, once, and unchanged.

import assert from 'node:assert/strict';
import type { Stream } from '@shoal/base';
import type { LineOptions, SimHost, Simulation } from '@shoal/sim';
import { simTest } from '@shoal/sim/testing';

const length = 400_000;

const pattern = Uint8Array.from({ length }, (_, place) => Math.imul(place + 1, 2654435761) >>> 24);

function content(transfer: number): Uint8Array {
  return pattern.map((byte) => byte ^ transfer);
}

function randomLine(simulation: Simulation, name: string): LineOptions {
  const random = simulation.randomFor(`line of ${name}`);
  const rate = (): number => (random.below(3) === 0 ? Infinity : 50_000 * 10 ** (random.fraction() * 3));
  return {
    latencyMs: random.fraction() * 100,
    jitterMs: random.below(2) * random.fraction() * 30,
    loss: random.below(2) * random.fraction() * 0.05,
    upBytesPerSecond: rate(),
    downBytesPerSecond: rate(),
  };
}

interface Transfer {
  received: number;
  outcome: 'whole' | 'broken' | undefined;
}

/** Reads in fits and starts, and checks every byte. */
function receive(stream: Stream, host: SimHost, index: number, transfer: Transfer): void {
  const { clock, random } = host.world;
  const expected = content(index);
  stream.start({
    data(bytes) {
      const { received } = transfer;
      transfer.received += bytes.length;
      assert.ok(Buffer.compare(bytes, expected.subarray(received, transfer.received)) === 0);
      if (random.below(10) > 0) return;
      stream.pause();
      clock.setTimer(random.below(500), () => stream.resume());
    },
    end() {
      assert.equal(transfer.received, length);
      stream.end();
    },
    drain() {},
    close(error) {
      assert.ok(error !== undefined || transfer.received === length);
      transfer.outcome = error === undefined ? 'whole' : 'broken';
    },
  });
}

/** Writes pieces of odd lengths, each scribbled over as soon as it is released. */
function send(stream: Stream, host: SimHost, index: number): void {
  const { random } = host.world;
  const bytes = content(index);
  let at = 0;
  let owed = 0;
  const write = (): void => {
    let mayWrite = true;
    while (mayWrite && at < length) {
      const piece = bytes.slice(at, at + 1 + random.below(50_000));
      at += piece.length;
      owed++;
      mayWrite = stream.write(piece, () => {
        owed--;
        piece.fill(0xff);
      });
    }
    if (at === length) stream.end();
  };
  stream.start({ data() {}, end() {}, drain: write, close: () => assert.equal(owed, 0) });
  write();
}

simTest(
  'bytes survive every line, partition and crash, or their stream breaks',
  { seeds: 30 },
  async (simulation) => {
    const random = simulation.randomFor('faults');
    const hosts = Array.from({ length: 6 }, (_, i) => {
      const name = `host ${i}`;
      return simulation.addHost({
        name,
        line: randomLine(simulation, name),
        streamWindowBytes: 20_000 + random.below(500_000),
      });
    });
    const pick = (): SimHost => {
      const host = hosts[random.below(hosts.length)];
      assert.ok(host !== undefined);
      return host;
    };
    const transfers: Transfer[] = [];
    const crashed = new Set<SimHost>();
    for (let index = 0; index < 8; index++) {
      const [from, to] = [pick(), pick()];
      const transfer: Transfer = { received: 0, outcome: undefined };
      transfers.push(transfer);
      const start = async (): Promise<void> => {
        const options = { address: '0.0.0.0', port: 100 + index };
        await to.world.streams.listen(options, (stream) => receive(stream, to, index, transfer));
        send(await from.world.streams.connect({ address: to.address, port: 100 + index }), from, index);
      };
      simulation.after(random.below(2000), () => {
        if (from.isUp && to.isUp) void start().catch(() => {});
      });
    }
    for (let i = 0; i < 3; i++) {
      const cut = { atMs: random.below(10_000), forMs: random.below(20_000), hosts: [pick(), pick()] };
      simulation.after(cut.atMs, () => {
        const others = hosts.filter((host) => !cut.hosts.includes(host));
        const { heal } = simulation.partition(cut.hosts, others);
        simulation.after(cut.forMs, heal);
      });
    }
    if (random.below(2) === 0) {
      const victim = pick();
      simulation.after(random.below(10_000), () => {
        crashed.add(victim);
        victim.crash();
        simulation.after(random.below(5000), () => victim.restart());
      });
    }
    await simulation.advance(400_000);
    assert.ok(transfers.every(({ received }) => received <= length));
    if (crashed.size === 0)
      assert.deepEqual(new Set(transfers.map(({ outcome }) => outcome)), new Set(['whole']));
  },
);
