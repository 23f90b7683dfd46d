import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createPortMapper, findInside, type MappingReport } from '@shoal/node/reach';
import { createSimulation, type SimHost, type Simulation } from '@shoal/sim';

interface Home {
  readonly simulation: Simulation;
  readonly us: SimHost;
  readonly router: SimHost;
  readonly inside: { readonly own: string; readonly router: string };
}

function home(seed = 1): Home {
  const simulation = createSimulation({ seed });
  const [us, router] = [simulation.addHost(), simulation.addHost()];
  const four = (host: SimHost) => host.addresses.find((address) => !address.includes(':')) ?? '';
  return { simulation, us, router, inside: { own: four(us), router: four(router) } };
}

function mapper({ us, inside }: Home) {
  const reports: MappingReport[] = [];
  const made = createPortMapper({
    ...us.world,
    findInside: async () => inside,
    ports: [{ protocol: 'tcp', port: 6881 }],
    changed: (report) => reports.push(report),
  });
  return { ...made, reports, made };
}

/** Answers at the port of PCP and NAT-PMP. */
async function answering(
  { simulation, router, inside }: Home,
  answer: (bytes: Uint8Array) => Uint8Array | undefined,
) {
  const asked: Uint8Array[] = [];
  const socket = await simulation.settle(
    router.world.datagrams.bind(
      { address: inside.router, port: 5351 },
      {
        message(bytes, from) {
          asked.push(bytes.slice());
          const reply = answer(bytes.slice());
          if (reply !== undefined) socket.send(reply, from);
        },
        close() {},
      },
    ),
  );
  return asked;
}

/** As a router of RFC 6886 does, which gives the port after the one that was asked for. */
function natPmp(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0) return Uint8Array.of(0, 0x80 | (bytes[1] ?? 0), 0, 1, 0, 0, 0, 9);
  if (bytes[1] === 0) return Uint8Array.of(0, 0x80, 0, 0, 0, 0, 0, 9, 5, 5, 5, 1);
  const reply = new Uint8Array(16);
  reply.set([0, 0x80 | (bytes[1] ?? 0)]);
  reply.set(bytes.subarray(4, 6), 8);
  reply.set([bytes[6] ?? 0, (bytes[7] ?? 0) + 1], 10);
  reply.set(bytes.subarray(8, 12), 12);
  return reply;
}

describe('a port mapper', () => {
  test('says what it tried where nobody answers, and looks again', async () => {
    const there = home();
    const { made, reports } = mapper(there);
    await there.simulation.settle(made.ready);
    assert.equal(reports.at(-1)?.state, 'none');
    assert.deepEqual(
      reports.at(-1)?.tried.map(({ way }) => way),
      ['pcp', 'nat-pmp', 'upnp'],
    );
    await answering(there, natPmp);
    await there.simulation.advance(10 * 60_000);
    assert.equal(made.report.state, 'mapped');
    await there.simulation.settle(made.close());
  });

  test('takes the port that it is given, renews it, and gives it back', async () => {
    const there = home();
    const asked = await answering(there, natPmp);
    const { made } = mapper(there);
    await there.simulation.settle(made.ready);
    assert.equal(made.report.way, 'nat-pmp');
    assert.equal(made.report.externalAddress, '5.5.5.1');
    assert.deepEqual(made.report.ports, [{ protocol: 'tcp', port: 6881, externalPort: 6882 }]);
    const before = asked.length;
    await there.simulation.advance(15 * 60_000);
    assert.ok(asked.length > before);
    await there.simulation.settle(made.close());
    assert.deepEqual(asked.at(-1)?.subarray(4), Uint8Array.of(0x1a, 0xe1, 0, 0, 0, 0, 0, 0));
  });

  test('a router that is gone does not keep it from closing', async () => {
    const there = home();
    let isThere = true;
    await answering(there, (bytes) => (isThere ? natPmp(bytes) : undefined));
    const { made } = mapper(there);
    await there.simulation.settle(made.ready);
    isThere = false;
    const startedMs = there.us.world.clock.nowMs();
    await there.simulation.settle(made.close());
    assert.ok(there.us.world.clock.nowMs() - startedMs <= 2000);
  });

  test('answers that are cut, foreign or nonsense are no answers', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const there = home(seed);
      const { random } = there.router.world;
      await answering(there, (bytes) => {
        const reply = random.below(2) === 0 ? natPmp(bytes) : new Uint8Array(random.below(70));
        if (reply.length > 0 && random.below(2) === 0) reply[random.below(reply.length)] = random.below(256);
        return reply.subarray(0, random.below(reply.length + 1));
      });
      const { made } = mapper(there);
      await there.simulation.settle(made.ready);
      for (const { externalPort } of made.report.ports) assert.ok(externalPort <= 65_535);
      await there.simulation.settle(made.close());
    }
  });

  test('a device that is described elsewhere, or without an end, is left alone', async () => {
    for (const host of ['elsewhere', 'itself'] as const) {
      const there = home();
      const { simulation, router, inside } = there;
      const other = simulation.addHost();
      let dialled = 0;
      for (const [i, server] of [router, other].entries())
        await simulation.settle(
          server.world.streams.listen({ address: server.addresses[0] ?? '', port: 80 }, (stream) => {
            dialled += i;
            stream.start({
              data() {
                stream.write(new TextEncoder().encode('HTTP/1.1 200 OK\r\n\r\n'));
                stream.write(new Uint8Array(1024 * 1024));
              },
              end() {},
              drain: () => stream.write(new Uint8Array(1024 * 1024)),
              close() {},
            });
          }),
        );
      const at = host === 'itself' ? inside.router : (other.addresses[0] ?? '');
      const reply = `HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nLOCATION: http://${at}/\r\n\r\n`;
      const socket = await simulation.settle(
        router.world.datagrams.bind(
          { address: inside.router, port: 1900 },
          { message: (_, from) => socket.send(new TextEncoder().encode(reply), from), close() {} },
        ),
      );
      const { made } = mapper(there);
      await simulation.settle(made.ready);
      assert.equal(made.report.state, 'none');
      assert.equal(dialled, 0);
      const said = made.report.tried.find(({ way }) => way === 'upnp')?.message ?? '';
      assert.match(said, host === 'itself' ? /without an end/ : /nobody on this network/);
      await simulation.settle(made.close());
    }
  });
});

test('the router is the one that the default route with the lowest metric names', async () => {
  const route = [
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
    'eth1\t00000000\t0102A8C0\t0003\t0\t0\t200\t00000000\t0\t0\t0',
    'eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0',
    'eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0',
  ].join('\n');
  const system = {
    platform: 'linux',
    interfaces: () => [
      { name: 'eth1', address: '192.168.2.9', prefixLength: 24, family: 4, isLoopback: false } as const,
      { name: 'eth0', address: '192.168.1.9', prefixLength: 24, family: 4, isLoopback: false } as const,
    ],
    interfaceNames: async () => [],
    run: async () => undefined,
    read: async () => route,
  };
  assert.deepEqual(await findInside(system), { own: '192.168.1.9', router: '192.168.1.1' });
  assert.equal(await findInside({ ...system, read: async () => '' }), undefined);
  const mac = { ...system, platform: 'darwin', read: async () => undefined };
  assert.deepEqual(await findInside(mac), { own: '192.168.2.9', router: '192.168.2.1' });
});
