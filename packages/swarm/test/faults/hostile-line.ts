// One connection of a scripted peer, which speaks the wire protocol itself and keeps none of its rules. Left alone it
// behaves: it says that it has all, unchokes, and serves what is asked. A script changes what it wants to lie about.

import type { Stream } from '@shoal/base';
import type { SeededRandom, Simulation } from '@shoal/sim';
import {
  type Capabilities,
  createHandshakeReader,
  createPeerParser,
  type Handshake,
  handshakeLength,
  type PeerHandlers,
  type PeerParser,
  pieceHeaderLength,
  writeBitfield,
  writeExtended,
  writeHandshake,
  writeHave,
  writeInterested,
  writePieceHeader,
  writeUnchoke,
} from '@shoal/wire';
import type { Sample } from '../sample.ts';

/** What a hostile host does with each of its connections. */
export interface Script {
  readonly name: string;
  readonly capabilities?: Partial<Capabilities>;
  /** In place of the handshake; the rest of the connection is its own business. */
  open?(line: HostileLine): void;
  peerId?(line: HostileLine): Uint8Array;
  infoHash?(line: HostileLine): Uint8Array;
  /** After both handshakes. Default: `behave`. */
  begin?(line: HostileLine): void;
  /** In place of what a peer that behaves would do. */
  handlers?(line: HostileLine): Partial<PeerHandlers>;
}

export interface HostilePlace {
  readonly simulation: Simulation;
  readonly random: SeededRandom;
  readonly sample: Sample;
  readonly script: Script;
}

const silent: PeerHandlers = {
  keepAlive() {},
  choke() {},
  unchoke() {},
  interested() {},
  notInterested() {},
  have() {},
  bitfield() {},
  request() {},
  cancel() {},
  blockStart: () => null,
  blockEnd() {},
  port() {},
  suggest() {},
  haveAll() {},
  haveNone() {},
  reject() {},
  allowedFast() {},
  extended() {},
  hashRequest() {},
  hashes() {},
  hashReject() {},
};

export class HostileLine {
  readonly place: HostilePlace;
  readonly stream: Stream;
  readonly random: SeededRandom;
  theirs: Handshake | undefined;
  isOver = false;
  #parser: PeerParser | undefined;
  #onDrain: (() => void)[] = [];

  constructor(place: HostilePlace, stream: Stream, isIncoming: boolean) {
    this.place = place;
    this.stream = stream;
    this.random = place.random;
    const { script } = place;
    if (!isIncoming) this.#open();
    const reader = createHandshakeReader();
    stream.start({
      data: (bytes) => {
        let at = 0;
        if (this.theirs === undefined) {
          try {
            at = reader.push(bytes);
          } catch {
            // It tries the encrypted handshake, which no script knows.
            this.close();
            return;
          }
          this.theirs = reader.handshake;
          if (this.theirs === undefined) return;
          if (isIncoming) this.#open();
          if (script.open === undefined) (script.begin ?? behave)(this);
          this.#parser = createPeerParser({ ...silent, ...serve(this), ...script.handlers?.(this) });
        }
        if (this.isOver) return;
        try {
          this.#parser?.push(bytes.subarray(at));
        } catch {
          this.close();
        }
      },
      end: () => this.close(),
      drain: () => {
        for (const go of this.#onDrain.splice(0)) go();
      },
      close: () => {
        this.isOver = true;
        this.#parser?.stop();
      },
    });
  }

  get layout() {
    return this.place.sample.torrent.layout;
  }

  #open(): void {
    const { script, sample, random } = this.place;
    if (script.open !== undefined) {
      script.open(this);
      return;
    }
    const { v1, v2 } = sample.torrent.infoHashes;
    const peerId = script.peerId?.(this) ?? new Uint8Array(20);
    if (script.peerId === undefined) random.fill(peerId);
    this.message(handshakeLength, (buffer, at) =>
      writeHandshake(buffer, at, {
        infoHash:
          script.infoHash?.(this) ?? this.theirs?.infoHash ?? v1 ?? v2?.subarray(0, 20) ?? new Uint8Array(20),
        peerId,
        capabilities: {
          extensions: true,
          fast: true,
          dht: false,
          v2: v2 !== undefined,
          ...script.capabilities,
        },
      }),
    );
  }

  close(): void {
    this.isOver = true;
    this.#parser?.stop();
    this.stream.destroy();
  }

  send(bytes: Uint8Array): boolean {
    return this.isOver ? true : this.stream.write(bytes);
  }

  message(length: number, write: (buffer: Uint8Array, at: number) => number): void {
    const buffer = new Uint8Array(length);
    this.send(buffer.subarray(0, write(buffer, 0)));
  }

  extended(id: number, payload: Uint8Array): void {
    this.message(payload.length + 6, (buffer, at) => writeExtended(buffer, at, id, payload));
  }

  after(delayMs: number, action: () => void): void {
    this.place.simulation.after(delayMs, () => {
      if (!this.isOver) action();
    });
  }

  every(intervalMs: number, action: (round: number) => void, round = 0): void {
    this.after(intervalMs, () => {
      action(round);
      this.every(intervalMs, action, round + 1);
    });
  }

  /** As fast as the other side takes it. `next` writes one message. */
  flood(count: number, length: number, next: (buffer: Uint8Array, at: number, i: number) => number): void {
    let done = 0;
    const go = (): void => {
      while (done < count && !this.isOver) {
        const batch = Math.min(count - done, Math.max(1, Math.floor(16_384 / length)));
        const buffer = new Uint8Array(batch * length);
        let at = 0;
        for (let i = 0; i < batch; i++) at = next(buffer, at, done++);
        if (!this.send(buffer.subarray(0, at)) || this.stream.bufferedBytes > 262_144) {
          this.#onDrain.push(go);
          return;
        }
      }
    };
    go();
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.random.fill(bytes);
    return bytes;
  }

  sendBlock(piece: number, begin: number, bytes: Uint8Array): void {
    const message = new Uint8Array(pieceHeaderLength + bytes.length);
    message.set(bytes, writePieceHeader(message, 0, piece, begin, bytes.length));
    this.send(message);
  }

  /** What the torrent says; zeros behind it. */
  goodBytes(piece: number, begin: number, length: number): Uint8Array {
    return goodBytes(this.place.sample, piece, begin, length);
  }
}

function goodBytes(sample: Sample, piece: number, begin: number, length: number): Uint8Array {
  const { layout } = sample.torrent;
  const bytes = new Uint8Array(length);
  const there = Math.max(0, Math.min(length, layout.pieceSize(piece) - begin));
  if (piece >= layout.pieceCount || there === 0) return bytes;
  let at = 0;
  for (const range of layout.pieceRanges(piece, begin, there)) {
    const file = layout.files[range.file];
    const content =
      file === undefined || file.isPad
        ? undefined
        : (sample.files.get(file.path.join('/')) ?? [...sample.files.values()][0]);
    if (content !== undefined) bytes.set(content.subarray(range.offset, range.offset + range.length), at);
    at += range.length;
  }
  return bytes;
}

/** Bits for all pieces. */
export function allPieces(pieceCount: number): Uint8Array {
  const bits = new Uint8Array(Math.ceil(pieceCount / 8));
  for (let piece = 0; piece < pieceCount; piece++)
    bits[piece >> 3] = (bits[piece >> 3] ?? 0) | (0x80 >>> (piece & 7));
  return bits;
}

/** Claims to have all, and that everybody may ask for it. */
export function behave(line: HostileLine): void {
  claimAll(line);
  line.message(5, writeUnchoke);
}

export function claimAll(line: HostileLine): void {
  const bits = allPieces(line.layout.pieceCount);
  line.message(5 + bits.length, (buffer, at) => writeBitfield(buffer, at, bits));
}

export function wantAll(line: HostileLine): void {
  line.message(5, writeInterested);
}

export function claim(line: HostileLine, piece: number): void {
  line.message(9, (buffer, at) => writeHave(buffer, at, piece));
}

function serve(line: HostileLine): Partial<PeerHandlers> {
  return {
    request: (piece, begin, length) => line.sendBlock(piece, begin, line.goodBytes(piece, begin, length)),
  };
}
