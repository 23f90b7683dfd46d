// Everything of Node's world that talks to a network, bound to own addresses or not. When a bound address goes, open
// connections are cut, and nothing is opened or sent until it is back.

import { Socket } from 'node:net';
import type { World } from '../world/world.ts';
import { parseAddress } from './addresses.ts';
import { createBindings } from './bindings.ts';
import { createBoundNames } from './bound-names.ts';
import { createDatagrams } from './datagrams.ts';
import { createHttp } from './http.ts';
import { createInterfaces } from './interfaces.ts';
import { createNames } from './names.ts';
import { OpenThings } from './open-things.ts';
import { SocketStream } from './socket-stream.ts';
import { createStreams } from './streams.ts';
import { createTls } from './tls.ts';

/** How long a bound address may be gone unseen. */
const lookEveryMs = 500;

export interface NetworkOptions {
  /** Own addresses, at most one of each family: nothing is opened on any other. Default: no restriction. */
  readonly bind?: readonly string[];
  /** Whom a bound world asks for names, as IP addresses. Default: whom the system asks, where that is another machine. */
  readonly nameServers?: readonly string[];
}

type Network = Pick<World, 'streams' | 'tls' | 'datagrams' | 'names' | 'interfaces' | 'http' | 'close'>;

export function createNetwork({ bind = [], nameServers = [] }: NetworkOptions): Network {
  const open = new OpenThings();
  const bindings = createBindings(bind);
  const streams = createStreams(bindings, open);
  const tls = createTls(bindings, open);
  const names = bindings.own.size === 0 ? createNames() : createBoundNames(bindings, nameServers);
  const interfaces = createInterfaces(bindings);
  const http = createHttp({ streams, tls, names });

  function look(): void {
    const here = new Set(interfaces.list().map(({ address }) => address));
    bindings.isHere = [...bindings.own.values()].every((own) => here.has(parseAddress(own)?.address ?? own));
    if (!bindings.isHere)
      open.closeWhere((thing) => thing instanceof SocketStream || thing instanceof Socket);
  }
  const timer = bindings.own.size === 0 ? undefined : setInterval(look, lookEveryMs).unref();

  return {
    streams,
    tls,
    datagrams: createDatagrams(bindings, open),
    names,
    interfaces,
    http,
    async close() {
      clearInterval(timer);
      http.close();
      await open.closeAll();
    },
  };
}
