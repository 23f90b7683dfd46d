// Streams and datagrams that do not talk to blocked addresses: what dials them fails, what comes from them is dropped
// before a byte of it is read. Hand it to the parts that talk to strangers; those that the user names need none.

import type { Datagrams } from './world/datagrams.ts';
import { WorldError } from './world/errors.ts';
import type { Streams } from './world/streams.ts';

export function filterNetwork(
  { streams, datagrams }: { readonly streams: Streams; readonly datagrams: Datagrams },
  isBlocked: (address: string) => boolean,
): { readonly streams: Streams; readonly datagrams: Datagrams } {
  return {
    streams: {
      async connect(to, options) {
        if (isBlocked(to.address))
          throw new WorldError('permission', `${to.address} is in a list of addresses to block`, {
            value: to.address,
          });
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
