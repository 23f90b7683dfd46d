// Talks in every way that a world has, as long as it runs, bound as it is told.
// Run: node bound-traffic.ts BIND NAME-SERVERS; it says `failed CODE`, or `ready`, and then what happens to its traffic.

import { createNodeWorld } from '@shoal/base/node';
import { bindToConfig } from '@shoal/node/reach';

const [bind = 'any', servers = 'system'] = process.argv.slice(2);
const unbound = createNodeWorld();
try {
  const world = await bindToConfig(unbound, { bind, 'name-servers': servers });
  const [address = ''] = await world.names.resolve('tracker.test');
  const socket = await world.datagrams.bind({ address: '0.0.0.0', port: 0 }, { message() {}, close() {} });
  const long = await world.streams.connect({ address, port: 1234 });
  long.start({ data() {}, end() {}, drain() {}, close: () => console.log('cut') });
  const answer = await world.http.request({ url: 'http://tracker.test:1234/' });
  console.log(`ready ${address} ${answer.status} ${long.local.address}`);
  answer.destroy();
  let rounds = 0;
  setInterval(() => {
    socket.send(new TextEncoder().encode('datagram'), { address, port: 4321 });
    if (long.bufferedBytes === 0) long.write(Uint8Array.of(1));
    void world.names.resolve(`name-${rounds}.test`).catch(() => {});
    world.streams.connect({ address, port: 1234 }).then(
      (stream) => stream.destroy(),
      () => {},
    );
    console.log(`round ${++rounds}`);
  }, 100);
} catch (error) {
  console.log(`failed ${error instanceof Error && 'code' in error ? error.code : error}`);
  process.exit(1);
}
