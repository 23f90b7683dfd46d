// A listener whose port the router is asked to let in. Run: node mapped-ports.ts PORT; it prints each report as JSON,
// then `from ADDRESS` for each connection, and takes the mapping back on SIGTERM.

import { createNodeWorld } from '@shoal/base/node';
import { createPortMapper, findInside, systemOf } from '@shoal/node/reach';

const port = Number(process.argv[2]);
const world = createNodeWorld();
await world.streams.listen({ address: '0.0.0.0', port }, (stream) => {
  console.log(`from ${stream.remote.address}`);
  stream.destroy();
});
const mapper = createPortMapper({
  ...world,
  findInside: () => findInside(systemOf(world)),
  ports: [
    { protocol: 'tcp', port },
    { protocol: 'udp', port },
  ],
  changed: (report) => console.log(JSON.stringify(report)),
});
process.once('SIGTERM', async () => {
  await mapper.close();
  await world.close();
  console.log('closed');
});
