// Throws mutated requests at the index's HTTP server and its UDP tracker, in the simulator: both must answer a good one
// afterwards, on the same connection or another, and nothing may throw. `node lab/fuzz/index.ts [SEED] [ROUNDS]`

import { type Stream, toUtf8 } from '@shoal/base';
import { createIndex } from '@shoal/index';
import { createSimulation } from '@shoal/sim';
import { announceRequest, connectPacket, httpRequests, mutate, udpPackets } from './index-mutations.ts';

export async function fuzzIndex(seed: number, rounds: number): Promise<void> {
  const simulation = createSimulation({ seed });
  const home = simulation.addHost({ name: 'home' });
  const guest = simulation.addHost({ name: 'guest' });
  const failures: unknown[] = [];
  const index = await simulation.settle(
    createIndex({
      ...home.world,
      port: 80,
      unlimited: true,
      addresses: [home.address],
      operatorToken: 'token',
      failed: (error) => failures.push(error),
    }),
  );
  const { random } = guest.world;
  const to = { address: home.address, port: 80 };

  let answers = 0;
  let id: Uint8Array = new Uint8Array(8);
  const socket = await simulation.settle(
    guest.world.datagrams.bind(
      { address: guest.address, port: 0 },
      {
        message(bytes) {
          answers++;
          if (bytes[3] === 0) id = bytes.slice(8, 16);
          if (bytes.length > 1_232) throw new Error(`an answer of ${bytes.length} bytes`);
        },
        close() {},
      },
    ),
  );

  async function overHttp(bytes: readonly Uint8Array[]): Promise<void> {
    const stream: Stream = await simulation.settle(guest.world.streams.connect(to));
    let hasEnded = false;
    stream.start({ data() {}, end: () => (hasEnded = true), drain() {}, close: () => (hasEnded = true) });
    for (const part of bytes) if (!hasEnded) stream.write(part);
    stream.end();
    // Whatever was sent, the server ends it, in its own time at the latest.
    await simulation.run(() => hasEnded, { limitMs: 120_000 });
    stream.destroy();
  }

  async function check(): Promise<void> {
    const before = answers;
    socket.send(connectPacket, to);
    await simulation.run(() => answers > before, { limitMs: 10_000 });
    const { status } = await simulation.settle(
      guest.world.http.request({ url: `http://${home.address}:80${announceRequest}`, keepAlive: false }),
    );
    if (status !== 200) throw new Error(`a good announce was answered with ${status}`);
    if (failures.length > 0) throw failures[0];
  }

  await check();
  for (let round = 0; round < rounds; round++) {
    const requests = httpRequests.map(toUtf8);
    await overHttp(
      Array.from({ length: 1 + random.below(4) }, () =>
        mutate(requests[random.below(requests.length)] ?? new Uint8Array(0), random),
      ),
    );
    for (let i = 0; i < 20; i++) {
      const packet = (udpPackets[random.below(udpPackets.length)] ?? connectPacket).slice();
      if (packet.length > 16) packet.set(id);
      socket.send(mutate(packet, random), to);
    }
    if (round % 50 === 49) await check();
  }
  await check();
  await simulation.settle(index.close());
}

if (import.meta.main) {
  const first = Number(process.argv[2] ?? 1);
  const rounds = Number(process.argv[3] ?? 2_000);
  for (let seed = first; ; seed++) {
    await fuzzIndex(seed, rounds);
    console.log(`seed ${seed}: ${rounds} rounds`);
    if (process.argv[2] !== undefined) break;
  }
}
