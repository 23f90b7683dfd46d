// A file as the torrent describes it, on its way to a TorrentFile: one object a file, since there may be a hundred
// thousand. `SafePaths` fills in the path, the layout the offset.

import { toUtf8 } from '@shoal/base';
import type { RawName } from './safe-name.ts';
import type { TorrentFile } from './types.ts';

export interface Attributes {
  readonly isPad: boolean;
  readonly isExecutable: boolean;
  readonly isHidden: boolean;
  readonly linkNames: readonly RawName[] | undefined;
}

export class RawFile implements TorrentFile {
  /** As the torrent has them; never empty. */
  readonly names: readonly RawName[];
  readonly length: number;
  readonly isPad: boolean;
  readonly isExecutable: boolean;
  readonly isHidden: boolean;
  readonly linkNames: readonly RawName[] | undefined;
  path: readonly string[] = [];
  offset = 0;
  linkTarget: readonly string[] | undefined = undefined;
  #rootHolder: Uint8Array | undefined = undefined;
  #rootAt = 0;

  constructor(names: readonly RawName[], length: number, attributes: Attributes) {
    this.names = names;
    this.length = length;
    this.isPad = attributes.isPad;
    this.isExecutable = attributes.isExecutable;
    this.isHidden = attributes.isHidden;
    this.linkNames = attributes.linkNames;
  }

  /** The 32 bytes from `at` on: a hundred thousand views would take more memory than what they show. */
  setPiecesRoot(holder: Uint8Array, at: number): void {
    this.#rootHolder = holder;
    this.#rootAt = at;
  }

  takePiecesRoot(from: RawFile): void {
    this.#rootHolder = from.#rootHolder;
    this.#rootAt = from.#rootAt;
  }

  get piecesRoot(): Uint8Array | undefined {
    return this.#rootHolder?.subarray(this.#rootAt, this.#rootAt + 32);
  }

  get originalPath(): readonly Uint8Array[] {
    return this.names.map((name) => (typeof name === 'string' ? toUtf8(name) : name));
  }
}
