// Name resolution of a bound world: its questions leave from the bound address, too. The system's own resolver would
// send them its own way, so name servers are asked directly, and none that runs on this machine.

import { getServers, promises } from 'node:dns';
import { readFile } from 'node:fs/promises';
import { ipScope } from '../ip-scope.ts';
import { WorldError } from '../world/errors.ts';
import type { Names } from '../world/network.ts';
import { parseAddress } from './addresses.ts';
import type { Bindings } from './bindings.ts';
import { abortedError, toWorldError } from './errors.ts';
import { listInterfaces } from './interfaces.ts';

/** A question is repeated twice; a server that answers none is passed over. */
const patience = { timeout: 2000, tries: 3 };

/** Where systemd-resolved says whom it asks itself. */
const upstreamFile = '/run/systemd/resolve/resolv.conf';
const longestHostsFile = 1024 * 1024;

export function createBoundNames(bindings: Bindings, nameServers: readonly string[]): Names {
  for (const server of nameServers)
    if (parseAddress(server) === undefined)
      throw new WorldError('invalid', 'A name server is given as its IP address', { value: server });
  const { own } = bindings;
  const bound = [...own.values()];
  const isLoopbackBound = bound.every(
    (address) => ipScope(parseAddress(address)?.address ?? '') === 'loopback',
  );

  /** Whom we may ask from where we are bound. */
  async function serversToAsk(): Promise<string[]> {
    const candidates =
      nameServers.length > 0 ? nameServers : [...getServers().map(withoutPort), ...(await upstreamServers())];
    const ours = new Set(listInterfaces().map(({ address }) => address));
    const usable = [...new Set(candidates)].filter((server) => {
      const parsed = parseAddress(server);
      if (parsed === undefined || !own.has(parsed.family)) return false;
      return isLoopbackBound || !(ours.has(parsed.address) || ipScope(parsed.address) === 'loopback');
    });
    if (usable.length === 0)
      throw new WorldError(
        'name-not-found',
        `Bound to ${bound.join(' and ')}: no name server can be asked from there, since the system asks ${candidates.join(', ') || 'none'}. Name one with name-servers in the config.`,
      );
    return usable;
  }

  return {
    async resolve(name, { family, signal } = {}) {
      const what = `Cannot resolve ${name}`;
      if (signal?.aborted) throw abortedError(what, signal);
      const numeric = parseAddress(name);
      if (numeric !== undefined) {
        if (family !== undefined && family !== numeric.family)
          throw new WorldError('name-not-found', `${what} to an IPv${family} address`, { value: name });
        return [numeric.zone === undefined ? numeric.address : `${numeric.address}%${numeric.zone}`];
      }
      if (name === '' || name.includes('\0')) throw new WorldError('invalid', 'Not a name', { value: name });
      const families = ([6, 4] as const).filter((one) => own.has(one) && (family ?? one) === one);
      const known = (await addressesFromHosts(name)).filter((address) =>
        families.includes(address.includes(':') ? 6 : 4),
      );
      if (known.length > 0) return known;
      if (!bindings.isHere) throw new WorldError('unreachable', `${what}: ${bound.join(' and ')} is gone`);

      const resolver = new promises.Resolver(patience);
      resolver.setServers(await serversToAsk());
      resolver.setLocalAddress(own.get(4) ?? '0.0.0.0', own.get(6)?.split('%')[0] ?? '::0');
      const onAbort = (): void => resolver.cancel();
      signal?.addEventListener('abort', onAbort, { once: true });
      const answers = await Promise.allSettled(
        families.map((one) => (one === 4 ? resolver.resolve4(name) : resolver.resolve6(name))),
      );
      signal?.removeEventListener('abort', onAbort);
      if (signal?.aborted) throw abortedError(what, signal);
      const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
      const addresses = new Set(found.flatMap((text) => parseAddress(text)?.address ?? []));
      if (addresses.size > 0) return [...addresses];
      const [failed] = answers.filter((answer) => answer.status === 'rejected');
      throw toWorldError(failed?.reason, what, { fallback: 'name-not-found', value: name });
    },
  };
}

function withoutPort(server: string): string {
  return (
    /^\[(.+)\]/.exec(server)?.[1] ??
    (server.split(':').length === 2 ? server.split(':')[0] : server) ??
    server
  );
}

async function upstreamServers(): Promise<string[]> {
  const text = await readFile(upstreamFile, 'latin1').catch(() => '');
  return [...text.matchAll(/^nameserver[ \t]+(\S+)/gm)].map(([, server = '']) => server);
}

/** What the system would find without asking anybody. */
async function addressesFromHosts(name: string): Promise<string[]> {
  const wanted = name.toLowerCase().replace(/\.$/, '');
  if (wanted === 'localhost' || wanted.endsWith('.localhost')) return ['::1', '127.0.0.1'];
  const file = process.platform === 'win32' ? 'C:\\Windows\\System32\\drivers\\etc\\hosts' : '/etc/hosts';
  const text = (await readFile(file, 'latin1').catch(() => '')).slice(0, longestHostsFile);
  return text.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    const isMeant = names.some((one) => one.toLowerCase() === wanted);
    return isMeant ? (parseAddress(address)?.address ?? []) : [];
  });
}
