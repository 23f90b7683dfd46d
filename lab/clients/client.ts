// What the lab needs of any BitTorrent program: seed this, fetch that, say when it is done.
// One driver a program lies beside this file; each drives the real thing through its own interface.

import type { Program } from './process.ts';

export type Format = 'v1' | 'v2' | 'hybrid';
export type Encryption = 'off' | 'allowed' | 'required';

export interface PeerTask {
  readonly torrent: string;
  /** The folder in which the torrent's name lies or shall lie. */
  readonly folder: string;
  /** For settings, state and logs; empty at the start. */
  readonly state: string;
  readonly address: string;
  readonly port: number;
  readonly encryption: Encryption;
  /** Whom to dial, for programs that can be told; the others find peers through the torrent's tracker. */
  readonly peers: readonly { readonly address: string; readonly port: number }[];
  /** Only libtorrent's driver can hold to it. */
  readonly uploadBytesPerSecond?: number;
  /** Looks for peers on the local network (BEP 14). Only libtorrent's driver and ours know it; default no. */
  readonly findsLocally?: boolean;
  /** Its torrent's tracker is one over UDP. Only aria2's driver must know. */
  readonly asksUdpTrackers?: boolean;
  /** Words put before each command, to enter a network namespace. */
  readonly prefix?: readonly string[];
}

export interface RunningPeer {
  readonly program: Program;
  /** A seeder: it has checked its data and takes connections. A receiver: it started. */
  readonly ready: Promise<void>;
  /** All data arrived and was verified. */
  readonly complete: Promise<void>;
  stop(): Promise<void>;
}

export interface Client {
  readonly name: string;
  readonly formats: readonly Format[];
  readonly encryptions: readonly Encryption[];
  /** It can be told of a peer; otherwise it needs a tracker. */
  readonly takesPeers: boolean;
  /** It refuses peers on 127.0.0.0/8. */
  readonly refusesLoopback: boolean;
  /** It makes no file where a torrent has an empty one. */
  readonly leavesOutEmptyFiles?: boolean;
  /** Why it cannot run here, such as "aria2c is not installed". */
  missing(): string | undefined;
  seed(task: PeerTask): RunningPeer;
  fetch(task: PeerTask): RunningPeer;
}

/** Says when a line was printed; whoever does not wait for it is not bothered by a program that ended before. */
export function after(program: Program, accept: (line: string) => boolean): Promise<void> {
  const done = program.line(accept).then(() => undefined);
  done.catch(() => {});
  return done;
}

/** Reads one JSON object a line, as our own command and the lab's scripts print them. */
export function isEvent(name: string): (line: string) => boolean {
  return (line) => line.startsWith('{') && line.includes(`"event":"${name}"`);
}
