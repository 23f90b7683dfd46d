// SSDP: who on this network calls itself an Internet Gateway Device, and where it is described.
// Invariant: a device is described at the address that it answered from, and nowhere else.

import type { Clock, Datagrams } from '@shoal/base';
import { mostDevices, searchMs } from './bounds.ts';
import type { Inside } from './way.ts';

const group = '239.255.255.250';
const port = 1900;
const targets = [1, 2].map((version) => `urn:schemas-upnp-org:device:InternetGatewayDevice:${version}`);

/** Addresses of descriptions, the router's first. Resolves as soon as the router has answered. */
export async function searchDevices(
  { clock, datagrams }: { readonly clock: Clock; readonly datagrams: Datagrams },
  { own, router }: Inside,
): Promise<string[]> {
  const found = new Map<string, string>();
  const done = Promise.withResolvers<void>();
  const timer = clock.setTimer(searchMs, () => done.resolve());
  const socket = await datagrams.bind(
    { address: own, port: 0 },
    {
      message(bytes, from) {
        const location = locationIn(bytes, from.address);
        if (location === undefined || found.size >= mostDevices) return;
        found.set(from.address, location);
        if (from.address === router) done.resolve();
      },
      close: () => done.resolve(),
    },
  );
  try {
    // On the network that we stand in, also where other routes would lead elsewhere.
    socket.setMulticast({ ttl: 2, interface: own });
  } catch {
    // Asked alone, the router answers too.
  }
  for (const target of targets)
    for (const address of [group, router])
      socket.send(new TextEncoder().encode(searchText(target, address)), { address, port });
  await done.promise;
  timer.cancel();
  socket.close();
  const { [router]: first, ...others } = Object.fromEntries(found);
  return [...(first === undefined ? [] : [first]), ...Object.values(others)];
}

function searchText(target: string, host: string): string {
  const lines = [
    'M-SEARCH * HTTP/1.1',
    `HOST: ${host}:${port}`,
    'MAN: "ssdp:discover"',
    'MX: 1',
    `ST: ${target}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function locationIn(bytes: Uint8Array, from: string): string | undefined {
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, 2048));
  if (!/^HTTP\/1\.\d 200\b/.test(text) || !/^st:.*InternetGatewayDevice/im.test(text)) return undefined;
  const url = URL.parse(/^location:[ \t]*(\S+)/im.exec(text)?.[1] ?? '');
  return url?.protocol === 'http:' && url.hostname === from ? url.href : undefined;
}
