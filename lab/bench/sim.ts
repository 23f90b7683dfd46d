// How fast the simulated world is, and what idle hosts cost. Run: node lab/bench/sim.ts
// Goals: 300,000 datagrams a second on one core, 10,000 idle hosts under 4 GiB, streams at more than 200 MB/s.

import { createSimulation, type SimHost, type Simulation } from '@shoal/sim';
import { median, printTable } from './table.ts';

const rounds = 3;

/** CPU time, since whatever else the machine does is not the simulator's speed. */
function cpuSeconds(since?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
}

/** Every host sends to another one each virtual millisecond or so, and answers what it gets. */
async function datagramsPerSecond(hostCount: number, payload: number, line = {}): Promise<number> {
  const simulation = createSimulation({ seed: 1, line });
  const hosts = Array.from({ length: hostCount }, () => simulation.addHost());
  const bytes = new Uint8Array(payload).fill(7);
  let received = 0;
  const sockets = await simulation.settle(
    Promise.all(
      hosts.map(async (host) => {
        const socket = await host.world.datagrams.bind(
          { address: host.address, port: 6881 },
          {
            message(message, from) {
              received++;
              socket.send(message, from);
            },
            close() {},
          },
        );
        return socket;
      }),
    ),
  );
  for (const [i, socket] of sockets.entries())
    for (let j = 1; j <= 4; j++)
      socket.send(bytes, { address: hosts[(i * 7 + j * 13) % hostCount]?.address ?? '', port: 6881 });
  const target = 1_000_000;
  const start = process.cpuUsage();
  await simulation.run(() => received >= target);
  return received / cpuSeconds(start);
}

async function streamMegabytesPerSecond(chunk: number, streams: number, line = {}): Promise<number> {
  const simulation = createSimulation({ seed: 1, line });
  const target = 1024 * 1024 * 1024;
  let received = 0;
  for (let i = 0; i < streams; i++)
    pump(simulation, simulation.addHost(), simulation.addHost(), chunk, (bytes) => {
      received += bytes;
    });
  const start = process.cpuUsage();
  await simulation.run(() => received >= target);
  return received / 1e6 / cpuSeconds(start);
}

function pump(
  simulation: Simulation,
  from: SimHost,
  to: SimHost,
  chunk: number,
  took: (bytes: number) => void,
): void {
  const bytes = new Uint8Array(chunk).fill(1);
  const start = async (): Promise<void> => {
    const listener = await to.world.streams.listen({ address: to.address, port: 1 }, (stream) =>
      stream.start({ data: (data) => took(data.length), end() {}, drain() {}, close() {} }),
    );
    const stream = await from.world.streams.connect(listener.local);
    const fill = (): void => {
      while (stream.write(bytes));
    };
    stream.start({ data() {}, end() {}, drain: fill, close() {} });
    fill();
  };
  simulation.after(0, () => void start());
}

/** Content that was never there before, in blocks, and read back; or the same content on many disks. */
async function diskMegabytesPerSecond(hostCount: number): Promise<number> {
  const simulation = createSimulation({ seed: 1 });
  const hosts = Array.from({ length: hostCount }, () => simulation.addHost());
  const total = 256 * 1024 * 1024;
  const content = new Uint8Array(total / hostCount);
  simulation.randomFor('content').fill(content);
  const block = 16 * 1024;
  const start = process.cpuUsage();
  const copy = async ({ world }: SimHost): Promise<void> => {
    const file = await world.disk.open('/data/file', { write: true, create: true });
    for (let at = 0; at < content.length; at += block)
      await file.write([content.subarray(at, at + block)], at);
    await file.sync();
    const back = new Uint8Array(block);
    for (let at = 0; at < content.length; at += block) await file.read([back], at);
    await file.close();
  };
  await simulation.settle(Promise.all(hosts.map(copy)));
  return total / 1e6 / cpuSeconds(start);
}

interface IdleCost {
  readonly mebibytes: number;
  readonly seconds: number;
}

/** Each with a listening socket, a datagram socket and a timer that rings every ten virtual seconds. */
async function idleHosts(count: number): Promise<IdleCost> {
  const start = process.cpuUsage();
  const before = process.memoryUsage().rss;
  const simulation = createSimulation({ seed: 1 });
  for (let i = 0; i < count; i++) {
    const { world, address } = simulation.addHost();
    void world.streams.listen({ address, port: 6881 }, (stream) => stream.destroy());
    void world.datagrams.bind({ address, port: 6881 }, { message() {}, close() {} });
    const tick = (): void => void world.clock.setTimer(10_000, tick);
    world.clock.setTimer(world.random.below(10_000), tick);
  }
  await simulation.advance(60_000);
  return { mebibytes: (process.memoryUsage().rss - before) / 2 ** 20, seconds: cpuSeconds(start) };
}

async function medianOf(measure: () => Promise<number>): Promise<number> {
  const results: number[] = [];
  for (let i = 0; i < rounds; i++) results.push(await measure());
  return median(results);
}

const whole = (value: number): string => Math.round(value).toLocaleString('en');
const lossy = { jitterMs: 10, loss: 0.001, upBytesPerSecond: 1e8, downBytesPerSecond: 1e8 };

printTable(
  ['what', 'result', 'goal'],
  [
    ['idle hosts: memory of 10,000', `${whole((await idleHosts(10_000)).mebibytes)} MiB`, 'under 4096 MiB'],
    [
      'datagrams, 100 bytes, 2 hosts',
      `${whole(await medianOf(() => datagramsPerSecond(2, 100)))} /s`,
      '300,000 /s',
    ],
    [
      'datagrams, 100 bytes, 1,000 hosts',
      `${whole(await medianOf(() => datagramsPerSecond(1000, 100)))} /s`,
      '300,000 /s',
    ],
    [
      'datagrams, 100 bytes, 10,000 hosts',
      `${whole(await medianOf(() => datagramsPerSecond(10_000, 100)))} /s`,
      '300,000 /s',
    ],
    [
      'datagrams, 1,400 bytes, 1,000 hosts',
      `${whole(await medianOf(() => datagramsPerSecond(1000, 1400)))} /s`,
      '300,000 /s',
    ],
    [
      'the same, jitter, loss, 100 MB/s lines',
      `${whole(await medianOf(() => datagramsPerSecond(1000, 1400, lossy)))} /s`,
      '',
    ],
    [
      'one stream, chunks of 16 KiB',
      `${whole(await medianOf(() => streamMegabytesPerSecond(16_384, 1)))} MB/s`,
      '200 MB/s',
    ],
    [
      'one stream, chunks of 64 KiB',
      `${whole(await medianOf(() => streamMegabytesPerSecond(65_536, 1)))} MB/s`,
      '200 MB/s',
    ],
    [
      '40 streams, chunks of 16 KiB',
      `${whole(await medianOf(() => streamMegabytesPerSecond(16_384, 40)))} MB/s`,
      '200 MB/s',
    ],
    [
      '40 streams, the lines above',
      `${whole(await medianOf(() => streamMegabytesPerSecond(16_384, 40, lossy)))} MB/s`,
      '',
    ],
    [
      'disk, new content written and read',
      `${whole(await medianOf(() => diskMegabytesPerSecond(1)))} MB/s`,
      '',
    ],
    [
      'disk, the same content on 64 hosts',
      `${whole(await medianOf(() => diskMegabytesPerSecond(64)))} MB/s`,
      '',
    ],
  ],
);
