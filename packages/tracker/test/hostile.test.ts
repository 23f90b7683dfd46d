// Trackers that misbehave, on the simulated network: each costs a bound and gets its code.

import assert from 'node:assert/strict';
import { encodeBencode, toUtf8 } from '@shoal/base';
import { type HttpHandler, type SimHost, type Simulation, serveHttp } from '@shoal/sim';
import { simTest } from '@shoal/sim/testing';
import { createTrackers, TrackerError } from '@shoal/tracker';
import { type AnnounceRequest, encodeUdpAnswer, parseUdpRequest } from '@shoal/tracker/codec';

const request: AnnounceRequest = {
  infoHash: new Uint8Array(20).fill(7),
  peerId: toUtf8('-SH0001-abcdefghijkl'),
  port: 6881,
  uploaded: 0,
  downloaded: 0,
  left: 1,
  peersWanted: 50,
  key: 1,
};

interface Scene {
  readonly client: SimHost;
  readonly server: SimHost;
  readonly url: string;
}

async function scene(simulation: Simulation, handler: HttpHandler): Promise<Scene> {
  const server = simulation.addHost();
  const client = simulation.addHost();
  await simulation.settle(serveHttp(server.world, { port: 80 }, handler));
  return { server, client, url: `http://${server.address}/announce` };
}

async function codeOf(simulation: Simulation, { client, url }: Scene): Promise<string> {
  const trackers = createTrackers(client.world);
  try {
    await simulation.settle(trackers.announce(url, request));
    return 'none';
  } catch (error) {
    assert.ok(error instanceof TrackerError, String(error));
    return error.code;
  } finally {
    await simulation.settle(trackers.close());
  }
}

simTest('an answer of megabytes is cut off', {}, async (simulation) => {
  const body = new Uint8Array(5_000_000).fill(0x64);
  assert.equal(await codeOf(simulation, await scene(simulation, () => ({ body }))), 'too-large');
});

simTest('a web page in place of an answer is malformed, or its status is told', {}, async (simulation) => {
  const page = await scene(simulation, () => ({ body: '<html>hello</html>' }));
  assert.equal(await codeOf(simulation, page), 'malformed');
});

simTest('an error page is told by its status', {}, async (simulation) => {
  const page = await scene(simulation, () => ({ status: 502, body: '<html>bad gateway</html>' }));
  assert.equal(await codeOf(simulation, page), 'http-status');
});

simTest('a failure reason counts whatever the status', {}, async (simulation) => {
  const refusal = await scene(simulation, () => ({
    status: 403,
    body: encodeBencode({ 'failure reason': 'no' }),
  }));
  assert.equal(await codeOf(simulation, refusal), 'failure');
});

simTest('a tracker that never answers costs the time-out', {}, async (simulation) => {
  const silent = await scene(simulation, () => new Promise(() => {}));
  const beganMs = simulation.nowMs;
  assert.equal(await codeOf(simulation, silent), 'timeout');
  assert.ok(simulation.nowMs - beganMs < 20_000);
});

simTest('a public tracker may not redirect into our network', {}, async (simulation) => {
  for (const target of [
    'http://127.0.0.1/',
    'http://192.168.1.1/announce',
    'http://[::1]/',
    'http://10.0.0.1:631/',
  ]) {
    const inner = await scene(simulation, () => ({ status: 302, headers: { location: target } }));
    assert.equal(await codeOf(simulation, inner), 'redirect', target);
  }
});

simTest('redirects are followed, but not for ever and to no other scheme', {}, async (simulation) => {
  let asked = 0;
  const loop = await scene(simulation, () => {
    asked++;
    return { status: 301, headers: { location: '/again' } };
  });
  assert.equal(await codeOf(simulation, loop), 'redirect');
  assert.equal(asked, 6);
  const file = await scene(simulation, () => ({ status: 301, headers: { location: 'file:///etc/passwd' } }));
  assert.equal(await codeOf(simulation, file), 'redirect');
  const moved = await scene(simulation, ({ path }) =>
    path.startsWith('/new')
      ? { body: encodeBencode({ interval: 5, peers: new Uint8Array(0) }) }
      : { status: 302, headers: { location: '/new' } },
  );
  assert.equal(await codeOf(simulation, moved), 'none');
});

simTest('private addresses and our own from a public tracker are dropped', {}, async (simulation) => {
  const peers = [
    { ip: '192.168.1.5', port: 1 },
    { ip: '127.0.0.1', port: 2 },
    { ip: '0.0.0.0', port: 3 },
    { ip: '8.8.4.4', port: request.port },
    { ip: '8.8.4.4', port: 5 },
    { ip: 'fe80::1', port: 6 },
  ];
  const answer = encodeBencode({ 'external ip': Uint8Array.of(8, 8, 4, 4), interval: 60, peers });
  const { client, url } = await scene(simulation, () => ({ body: answer }));
  const trackers = createTrackers(client.world);
  const { peers: given } = await simulation.settle(trackers.announce(url, request));
  assert.deepEqual(given, [{ address: '8.8.4.4', port: 5 }]);
});

simTest(
  'a UDP answer counts only from who was asked',
  { simulation: { line: { latencyMs: 50 } } },
  async (simulation) => {
    const [server, liar, client] = ['tracker', 'liar', 'client'].map((name) => simulation.addHost({ name }));
    assert.ok(server && liar && client);
    const stranger = await simulation.settle(
      liar.world.datagrams.bind({ address: '0.0.0.0', port: 1 }, { message() {}, close() {} }),
    );
    const socket = await simulation.settle(
      server.world.datagrams.bind(
        { address: '0.0.0.0', port: 6969 },
        {
          message(bytes, from) {
            const asked = parseUdpRequest(bytes);
            assert.ok(asked);
            const { transaction } = asked;
            // The liar knows the transaction number and is first, but is somebody else.
            stranger.send(encodeUdpAnswer({ kind: 'error', transaction, message: 'a lie' }), from);
            const answer = { intervalSeconds: 1, seeders: 1, leechers: 0, peers: [] };
            simulation.after(200, () => {
              socket.send(
                asked.kind === 'connect'
                  ? encodeUdpAnswer({ kind: 'connect', transaction, connectionId: 42n })
                  : encodeUdpAnswer({ kind: 'announce', transaction, answer }),
                from,
              );
            });
          },
          close() {},
        },
      ),
    );
    const trackers = createTrackers(client.world);
    const answer = await simulation.settle(
      trackers.announce(`udp://${server.address}:6969/announce`, request),
    );
    assert.equal(answer.seeders, 1);
  },
);

simTest('a lost datagram is sent again, a silent tracker given up', {}, async (simulation) => {
  const client = simulation.addHost();
  const server = simulation.addHost();
  let seen = 0;
  await simulation.settle(
    server.world.datagrams.bind(
      { address: '0.0.0.0', port: 6969 },
      { message: () => void seen++, close() {} },
    ),
  );
  const url = `udp://${server.address}:6969`;
  assert.equal(await codeOf(simulation, { client, server, url }), 'timeout');
  assert.equal(seen, 3);
});

simTest('a connection id that ran out at the tracker is asked for anew', {}, async (simulation) => {
  const client = simulation.addHost();
  const server = simulation.addHost();
  let id = 1n;
  const socket = await simulation.settle(
    server.world.datagrams.bind(
      { address: '0.0.0.0', port: 6969 },
      {
        message(bytes, from) {
          const asked = parseUdpRequest(bytes);
          if (asked === undefined) return;
          const { transaction } = asked;
          if (asked.kind === 'connect')
            socket.send(encodeUdpAnswer({ kind: 'connect', transaction, connectionId: id }), from);
          else if (asked.connectionId !== id) {
            socket.send(encodeUdpAnswer({ kind: 'error', transaction, message: 'who are you' }), from);
          } else {
            const answer = { intervalSeconds: 7, peers: [] };
            socket.send(encodeUdpAnswer({ kind: 'announce', transaction, answer }), from);
          }
        },
        close() {},
      },
    ),
  );
  const trackers = createTrackers(client.world);
  const url = `udp://${server.address}:6969/announce`;
  assert.equal((await simulation.settle(trackers.announce(url, request))).intervalSeconds, 7);
  id = 2n;
  assert.equal((await simulation.settle(trackers.announce(url, request))).intervalSeconds, 7);
});

simTest('what is no tracker address is refused before anybody is asked', {}, async (simulation) => {
  const client = simulation.addHost();
  for (const url of ['', 'wss://t.example/', 'udp://t.example/announce', 'file:///x', 'http://']) {
    assert.equal(await codeOf(simulation, { client, server: client, url }), 'unsupported', url);
  }
});
