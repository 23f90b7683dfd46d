// Everything protocol code may ask of the machine it runs on. It is a bundle for whoever puts rooms together;
// a room takes only the parts it needs.

import type { Clock } from './clock.ts';
import type { Datagrams } from './datagrams.ts';
import type { Disk } from './disk.ts';
import type { Hashing } from './hashing.ts';
import type { Http } from './http.ts';
import type { Interfaces, Names } from './network.ts';
import type { Random } from './random.ts';
import type { Streams, TlsStreams } from './streams.ts';

export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly hashing: Hashing;
  readonly streams: Streams;
  readonly tls: TlsStreams;
  readonly datagrams: Datagrams;
  readonly names: Names;
  readonly interfaces: Interfaces;
  readonly http: Http;
  readonly disk: Disk;
  /** Ends worker threads and closes what is still open. */
  close(): Promise<void>;
}
