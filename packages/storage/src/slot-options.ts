// What a slot of a content is given, and whom it tells what becomes of its file.

import type { Disk } from '@shoal/base';
import type { CopyRecord } from './journal-records.ts';
import type { FilePaths } from './names.ts';
import type { OpenFiles } from './open-files.ts';
import type { FileStamp } from './types.ts';

export interface SlotOptions {
  readonly disk: Disk;
  readonly openFiles: OpenFiles;
  /** Whose the names are while they are written. */
  readonly owner: object;
  readonly index: number;
  readonly length: number;
  readonly paths: FilePaths;
  readonly allocation: 'sparse' | 'full';
  readonly overwrite: boolean;
  readonly ledger: SlotLedger;
}

/** Whom a slot tells what becomes of its file, so that a restart knows. */
export interface SlotLedger {
  /** Called before the first byte goes into the file, so that after a stop it is known for this content's. */
  taken(stamp: FileStamp): Promise<void>;
  /** Resolves when that survives a power cut, too. */
  takenForGood(file: number): Promise<void>;
  /** Makes sure that the folder is there, after a power cut, too. */
  enterFolder(folder: string): Promise<void>;
  /** One copy after the other. */
  inTurn(copy: () => Promise<void>): Promise<void>;
  copyBegun(copy: CopyRecord): Promise<void>;
  copied(stamp: FileStamp): Promise<void>;
  /** Hashes what is good of a file in a copy of it; throws when the copy is not as good. */
  verifyCopy(file: number, path: string): Promise<void>;
}

export interface CarryOptions {
  readonly signal?: AbortSignal | undefined;
  /** It takes a copy: called before that begins. */
  readonly onCopy?: () => Promise<void>;
  readonly onBytes?: (count: number) => void;
  /** A copy was made, but the file could not be removed. */
  readonly onLeft?: (path: string) => void;
}
