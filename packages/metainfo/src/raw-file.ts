// A file as the torrent describes it, on its way to a TorrentFile: one small object a file, since there may be a hundred
// thousand. `SafePaths` fills in the path, whoever places the files the offset.

import { toUtf8 } from '@shoal/base';
import type { RawName } from './safe-name.ts';
import type { TorrentFile } from './types.ts';

export interface RawLink {
  /** Where it leads, as the torrent has it. */
  readonly names: readonly RawName[];
  target: readonly string[];
}

export class RawFile implements TorrentFile {
  /** As the torrent has them; never empty. */
  readonly names: readonly RawName[];
  path: readonly string[] = [];
  readonly length: number;
  offset = 0;
  /** The letters of BEP 47. */
  readonly #attributes: string;
  readonly link: RawLink | undefined;
  /** What the root is in, and where: a hundred thousand views would take more memory than what they show. */
  #rootHolder: Uint8Array | undefined;
  #rootAt: number;

  constructor(
    names: readonly RawName[],
    length: number,
    attributes: string,
    link?: RawLink,
    root?: { readonly holder: Uint8Array; readonly at: number },
  ) {
    this.names = names;
    this.length = length;
    this.#attributes = attributes;
    this.link = link;
    this.#rootHolder = root?.holder;
    this.#rootAt = root?.at ?? 0;
  }

  get isPad(): boolean {
    return this.#attributes.includes('p');
  }

  get isExecutable(): boolean {
    return this.#attributes.includes('x');
  }

  get isHidden(): boolean {
    return this.#attributes.includes('h');
  }

  get linkTarget(): readonly string[] | undefined {
    return this.link?.target;
  }

  get piecesRoot(): Uint8Array | undefined {
    return this.#rootHolder?.subarray(this.#rootAt, this.#rootAt + 32);
  }

  get originalPath(): readonly Uint8Array[] {
    return this.names.map((name) => (typeof name === 'string' ? toUtf8(name) : name));
  }

  takePiecesRoot(from: RawFile): void {
    this.#rootHolder = from.#rootHolder;
    this.#rootAt = from.#rootAt;
  }
}
