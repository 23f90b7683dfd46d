// Counts what goes through a host's sockets, from outside of the engine.

import type { Stream, Streams } from '@shoal/base';

export interface Meter {
  readonly streams: Streams;
  sent: number;
  received: number;
  /** Connections that it began. */
  dials: number;
}

export function meterOf(streams: Streams): Meter {
  const watched = (stream: Stream): Stream => ({
    local: stream.local,
    remote: stream.remote,
    start: (handlers) =>
      stream.start({
        data: (bytes) => {
          meter.received += bytes.length;
          handlers.data(bytes);
        },
        end: () => handlers.end(),
        drain: () => handlers.drain(),
        close: (error) => handlers.close(error),
      }),
    write: (bytes, released) => {
      meter.sent += bytes.length;
      return stream.write(bytes, released);
    },
    get bufferedBytes() {
      return stream.bufferedBytes;
    },
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    end: () => stream.end(),
    destroy: () => stream.destroy(),
  });
  const meter: Meter = {
    sent: 0,
    received: 0,
    dials: 0,
    streams: {
      connect: async (to, options) => {
        meter.dials++;
        return watched(await streams.connect(to, options));
      },
      listen: (options, accept) => streams.listen(options, (stream) => accept(watched(stream))),
    },
  };
  return meter;
}
