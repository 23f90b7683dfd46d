// A network that does not talk to blocked addresses: what dials them fails, what comes from them is dropped before a byte
// of it is read; web servers are held to it by the address that their name leads to.

import type { Datagrams } from './world/datagrams.ts';
import { WorldError } from './world/errors.ts';
import type { Http } from './world/http.ts';
import type { Streams, TlsStreams } from './world/streams.ts';

export interface FilteredNetwork {
  readonly streams: Streams;
  readonly tls: TlsStreams;
  readonly datagrams: Datagrams;
  readonly http: Http;
}

export function filterNetwork(
  { streams, tls, datagrams, http }: FilteredNetwork,
  isBlocked: (address: string) => boolean,
): FilteredNetwork {
  function refuseBlocked(address: string): void {
    if (isBlocked(address)) throw blocked(address);
  }
  return {
    http: {
      async request(request) {
        let refused: string | undefined;
        const allowAddress = (address: string): boolean => {
          if (!isBlocked(address)) return request.allowAddress?.(address) ?? true;
          refused = address;
          return false;
        };
        try {
          return await http.request({ ...request, allowAddress });
        } catch (error) {
          const isPermission = error instanceof WorldError && error.code === 'permission';
          throw isPermission && refused !== undefined ? blocked(refused) : error;
        }
      },
    },
    tls: {
      async connect(to, options) {
        refuseBlocked(to.address);
        return tls.connect(to, options);
      },
      listen: (options, accept) =>
        tls.listen(options, (stream) => {
          if (isBlocked(stream.remote.address)) stream.destroy();
          else accept(stream);
        }),
    },
    streams: {
      async connect(to, options) {
        refuseBlocked(to.address);
        return streams.connect(to, options);
      },
      listen: (options, accept) =>
        streams.listen(options, (stream) => {
          if (isBlocked(stream.remote.address)) stream.destroy();
          else accept(stream);
        }),
    },
    datagrams: {
      async bind(options, handlers) {
        const socket = await datagrams.bind(options, {
          message(bytes, from) {
            if (!isBlocked(from.address)) handlers.message(bytes, from);
          },
          close: (error) => handlers.close(error),
        });
        return {
          local: socket.local,
          send(bytes, to) {
            if (!isBlocked(to.address)) socket.send(bytes, to);
          },
          join: (group, on) => socket.join(group, on),
          leave: (group, on) => socket.leave(group, on),
          setMulticast: (settings) => socket.setMulticast(settings),
          close: () => socket.close(),
        };
      },
    },
  };
}

function blocked(address: string): WorldError {
  return new WorldError('permission', `${address} is in a list of addresses to block`, { value: address });
}
