// Files by absolute path. Every operation rejects with a WorldError; nothing here creates or replaces
// a file unless its name says so.

export interface FileStat {
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  readonly length: number;
  /** Bytes really taken on the disk; less than `length` in a file with holes. */
  readonly allocated: number;
  readonly modifiedMs: number;
  /** Changes when a file is replaced by another of the same name. Unique on one disk. */
  readonly id: string;
  /** Who may read and write it (0o600); absent where the system knows no such bits. */
  readonly mode?: number;
}

export interface OpenOptions {
  readonly write?: boolean;
  /** Make it when it is missing. `'new'` refuses one that is there (code `exists`). */
  readonly create?: boolean | 'new';
  /** For a file that is made: who may read it. Default 0o666 less the umask. */
  readonly mode?: number;
}

export interface DiskFile {
  /** Fills the buffers in order from `position`; the count is short only at the end of the file. Holes read as zeros. */
  read(buffers: readonly Uint8Array[], position: number): Promise<number>;
  /** Writes all of it or rejects (`invalid` on a file that was opened for reading). Writing past the end leaves a hole. */
  write(buffers: readonly Uint8Array[], position: number): Promise<void>;
  truncate(length: number): Promise<void>;
  stat(): Promise<FileStat>;
  /** Resolves when what was written survives a power cut. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface Disk {
  open(path: string, options?: OpenOptions): Promise<DiskFile>;
  /** Does not follow a link in the last place. */
  stat(path: string): Promise<FileStat>;
  /** Names in a folder, in no order. */
  list(path: string): Promise<string[]>;
  /** Makes the folder and those above it. */
  makeFolder(path: string, options?: { readonly mode?: number }): Promise<void>;
  /** Replaces a file at `to`, atomically on one file system (code `other-disk` across two). */
  rename(from: string, to: string): Promise<void>;
  /** Like rename, but refuses when `to` exists (code `exists`). */
  renameNew(from: string, to: string): Promise<void>;
  removeFile(path: string): Promise<void>;
  removeEmptyFolder(path: string): Promise<void>;
  /** Makes names that were made, renamed or removed in this folder survive a power cut. */
  syncFolder(path: string): Promise<void>;
  freeBytes(path: string): Promise<number>;
}
