// A busy little world for the tests of determinism: lossy lines, a NAT, streams, disks, a crash, HTTP.

import { createSimulation, type Simulation, serveHttp } from '@shoal/sim';

export async function busyWorld(simulation: Simulation): Promise<void> {
  const lan = simulation.addLan({ nat: { kind: 'symmetric' } });
  const line = {
    latencyMs: 15,
    jitterMs: 9,
    loss: 0.05,
    reorder: 0.1,
    duplicate: 0.02,
    upBytesPerSecond: 4e5,
  };
  const hosts = Array.from({ length: 6 }, (_, i) => simulation.addHost(i < 2 ? { lan, line } : { line }));
  const [first, , third, fourth] = hosts;
  if (first === undefined || third === undefined || fourth === undefined)
    throw new Error('six hosts were made');
  await simulation.settle(serveHttp(third.world, { port: 80 }, ({ path }) => ({ body: path.repeat(1000) })));
  let finished = 0;
  const busy = hosts.map(async ({ world, address, name }, i) => {
    const socket = await world.datagrams.bind(
      { address, port: 4000 },
      {
        message: (bytes, from) =>
          void (bytes.length < 50 && socket.send(new Uint8Array(bytes.length + 7), from)),
        close() {},
      },
    );
    for (let n = 0; n < 20; n++) {
      const to = hosts[2 + world.random.below(4)]?.address ?? '';
      world.clock.setTimer(n * 10 + world.random.below(30), () =>
        socket.send(new Uint8Array(1 + world.random.below(40)), { address: to, port: 4000 }),
      );
    }
    const file = await world.disk.open(`/data/${name}`, { write: true, create: true });
    for (let n = 0; n < 5; n++) {
      const bytes = new Uint8Array(20_000);
      world.random.fill(bytes);
      await file.write([bytes], n * 20_000);
      await world.hashing.run({ source: { kind: 'memory', blocks: [bytes] }, sha1: true });
    }
    const response = await world.http.request({ url: `http://${third.address}/number-${i}` });
    await new Promise((resolve) => response.read({ data() {}, close: resolve }));
    finished++;
  });
  simulation.after(120, () => fourth.crash({ unsynced: 'torn' }));
  simulation.after(900, () => fourth.restart());
  void Promise.allSettled(busy);
  await simulation.run(() => finished === 5, { limitMs: 600_000 });
}

/** Run as a program, it prints the digest for the seed it is given. */
if (process.argv[1] === import.meta.filename) {
  const simulation = createSimulation({ seed: process.argv[2] ?? '1', trace: { contents: true } });
  await busyWorld(simulation);
  console.log(simulation.trace.digest());
}
