// Which router stands between this machine and the rest, and which of our addresses faces it.

import type { NetworkInterface } from '@shoal/base';
import { ipFromBytes, ipScope, ipToBytes } from '@shoal/base';
import type { System } from '../system.ts';
import type { Inside } from './way.ts';

/** Undefined when there is none to ask: no IPv4 network, or one without a router. */
export async function findInside(system: System): Promise<Inside | undefined> {
  const own = system.interfaces().filter(({ family, isLoopback }) => family === 4 && !isLoopback);
  for (const { router, device } of await defaultRoutes(system)) {
    const facing = own.find((one) => isOn(one, router)) ?? own.find(({ name }) => name === device);
    if (facing !== undefined) return { own: facing.address, router };
  }
  // Where the routes cannot be read, the first address of a private network is the router's nearly everywhere.
  if (system.platform === 'linux') return undefined;
  const [inside] = own.filter(({ address }) => ipScope(address) === 'private');
  return inside === undefined ? undefined : { own: inside.address, router: firstAddress(inside) };
}

/** Of IPv4, the best first. */
async function defaultRoutes(system: System): Promise<{ router: string; device: string }[]> {
  const table = (await system.read('/proc/net/route')) ?? '';
  const routes = table.split('\n').flatMap((line) => {
    const [device = '', to, gateway = '', flags = '', , , metric = '0', mask] = line.trim().split(/\s+/);
    const viaRouter = (Number.parseInt(flags, 16) & 2) !== 0;
    if (to !== '00000000' || mask !== '00000000' || !viaRouter || !/^[0-9a-f]{8}$/i.test(gateway)) return [];
    // In the machine's byte order, which is the lowest first wherever this runs.
    const router = ipFromBytes(Uint8Array.from(Buffer.from(gateway, 'hex').reverse()));
    return [{ router, device, metric: Number(metric) }];
  });
  return routes.sort((a, b) => a.metric - b.metric);
}

function isOn({ address, prefixLength }: NetworkInterface, router: string): boolean {
  const [own, other] = [number(address), number(router)];
  const mask = prefixLength === 0 ? 0 : (0xffff_ffff << (32 - prefixLength)) >>> 0;
  return (own & mask) >>> 0 === (other & mask) >>> 0;
}

function firstAddress({ address, prefixLength }: NetworkInterface): string {
  const mask = prefixLength === 0 ? 0 : (0xffff_ffff << (32 - prefixLength)) >>> 0;
  const first = ((number(address) & mask) >>> 0) + 1;
  return ipFromBytes(Uint8Array.of(first >>> 24, first >>> 16, first >>> 8, first));
}

function number(address: string): number {
  return (ipToBytes(address) ?? new Uint8Array(4)).reduce((value, byte) => value * 256 + byte, 0);
}
