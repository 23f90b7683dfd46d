// A download from web servers in the simulated world.

import assert from 'node:assert/strict';
import type { SimHost, Simulation } from '@shoal/sim';
import type { Sample } from '../sample.ts';
import { addPeer, type PeerSetup, placeOf, runUntil, type SimPeer } from '../sim-swarm.ts';
import { startWebServer, type WebServer, type WebServerOptions } from './server.ts';

export interface SimServer extends WebServer {
  readonly host: SimHost;
  /** For a torrent of several files: what its names are below. */
  readonly url: string;
}

export async function addServer(
  simulation: Simulation,
  sample: Sample,
  options: Partial<WebServerOptions> & { readonly host?: Parameters<Simulation['addHost']>[0] } = {},
): Promise<SimServer> {
  const host = simulation.addHost(options.host);
  const server = await serveOn(simulation, host, sample, options);
  return { ...server, host, url: `http://${host.address}/files/` };
}

/** On a host that was there before: it was started again. */
export function serveOn(
  simulation: Simulation,
  host: SimHost,
  sample: Sample,
  options: Partial<WebServerOptions> = {},
): Promise<WebServer> {
  return simulation.settle(
    startWebServer(host.world, { address: host.address, files: filesOf(sample), ...options }),
  );
}

export function filesOf({ torrent, files }: Sample): Map<string, Uint8Array> {
  const folder = torrent.folder === undefined ? '' : `${torrent.folder}/`;
  return new Map([...files].map(([path, bytes]) => [`/files/${folder}${path}`, bytes]));
}

export function addLeecher(
  simulation: Simulation,
  sample: Sample,
  webSeeds: readonly string[],
  setup: Partial<PeerSetup> = {},
): Promise<SimPeer> {
  return addPeer(simulation, { sample, ...setup, options: { webSeeds, ...setup.options } });
}

export async function untilWhole(
  simulation: Simulation,
  sample: Sample,
  leecher: SimPeer,
  others: readonly SimPeer[] = [],
  limitMs?: number,
): Promise<void> {
  const words = () => JSON.stringify(leecher.transfer.webSeeds);
  try {
    await runUntil(simulation, [leecher, ...others], () => leecher.transfer.isComplete, limitMs);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${words()}`, { cause: error });
  }
  assert.ok(isWhole(leecher, sample), words());
}

/** Names that no file system can have are others on the disk. */
function isWhole(leecher: SimPeer, sample: Sample): boolean {
  return sample.torrent.layout.files.every(({ path, originalPath, isPad }) => {
    const name = originalPath.map((part) => Buffer.from(part).toString()).join('/');
    const found = leecher.host.disk.read(placeOf(sample, path.join('/')));
    return (
      isPad || Buffer.compare(found ?? Buffer.from('none'), sample.files.get(name) ?? Buffer.from('')) === 0
    );
  });
}
