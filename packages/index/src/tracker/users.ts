// Who may use a private tracker, by announce key, and how much each has given and taken. Trackers learn that from the
// sums that clients tell in each announce: what counts is the difference to the one before, where it can be true.

import { toLatin1 } from '@shoal/base';
import { type AnnounceFields, announceEvents } from '@shoal/tracker/codec';
import { IndexError } from '../errors.ts';

export interface User {
  readonly name: string;
  readonly key: string;
  uploaded: number;
  downloaded: number;
}

export interface UsersOptions {
  /** Below this many bytes given for each taken, a user may seed but not download. Default: no such rule. */
  readonly leastRatio?: number;
}

interface Sums {
  uploaded: number;
  downloaded: number;
  atMs: number;
}

/** The first of what somebody takes is free: nobody begins with something to give. */
const freeBytes = 5 * 1024 ** 3;
/** Faster than any line: a sum that grew faster is a lie or another client's, and begins anew. */
const maxBytesPerSecond = 12.5e9;
/** Transfers of one user at a time. */
const maxTransfers = 20_000;
const keyPattern = /^[A-Za-z0-9_-]{8,64}$/;

export class Users {
  readonly #leastRatio: number | undefined;
  #byKey = new Map<string, User>();
  readonly #sums = new Map<User, Map<string, Sums>>();

  constructor(options: UsersOptions = {}) {
    this.#leastRatio = options.leastRatio;
  }

  get size(): number {
    return this.#byKey.size;
  }

  all(): Iterable<User> {
    return this.#byKey.values();
  }

  add(name: string, key: string): User {
    if (!keyPattern.test(key))
      throw new IndexError('settings', `The announce key of ${name} is not 8 to 64 letters and digits.`);
    if (this.#byKey.has(key))
      throw new IndexError('settings', `The announce key of ${name} is somebody else's.`);
    const user = { name, key, uploaded: 0, downloaded: 0 };
    this.#byKey.set(key, user);
    return user;
  }

  /** The file was changed: keys come and go, and what was counted for a key that stays is kept. */
  become(other: Users): void {
    const before = this.#byKey;
    this.#byKey = other.#byKey;
    for (const [key, user] of this.#byKey) {
      const known = before.get(key);
      if (known === undefined) continue;
      user.uploaded = known.uploaded;
      user.downloaded = known.downloaded;
      const sums = this.#sums.get(known);
      if (sums !== undefined) this.#sums.set(user, sums);
    }
    for (const user of before.values()) this.#sums.delete(user);
  }

  /** What everybody gave and took, for a file of its own. */
  totals(): string {
    const totals = [...this.#byKey.values()].map(({ key, uploaded, downloaded }) => [
      key,
      uploaded,
      downloaded,
    ]);
    return `${JSON.stringify(totals)}\n`;
  }

  /** Takes in totals of before; what is no such list changes nothing. */
  recall(text: string): void {
    let totals: unknown;
    try {
      totals = JSON.parse(text);
    } catch {
      return;
    }
    if (!Array.isArray(totals)) return;
    for (const entry of totals) {
      if (!Array.isArray(entry)) continue;
      const [key, uploaded, downloaded]: unknown[] = entry;
      const user = typeof key === 'string' ? this.#byKey.get(key) : undefined;
      if (user === undefined || typeof uploaded !== 'number' || typeof downloaded !== 'number') continue;
      user.uploaded = Math.max(0, uploaded);
      user.downloaded = Math.max(0, downloaded);
    }
  }

  find(key: string): User | undefined {
    return this.#byKey.get(key);
  }

  isTooLow({ uploaded, downloaded }: User): boolean {
    return (
      this.#leastRatio !== undefined && downloaded > freeBytes && uploaded < this.#leastRatio * downloaded
    );
  }

  /** What an announce tells of a transfer's sums. */
  count(user: User, fields: AnnounceFields, nowMs: number): void {
    const { uploaded, downloaded, event, bytes, hashAt, peerIdAt } = fields;
    let transfers = this.#sums.get(user);
    if (transfers === undefined) {
      transfers = new Map();
      this.#sums.set(user, transfers);
    }
    const key =
      toLatin1(bytes.subarray(hashAt, hashAt + 20)) + toLatin1(bytes.subarray(peerIdAt, peerIdAt + 20));
    const before = transfers.get(key);
    transfers.delete(key);
    if (before !== undefined && event !== announceEvents.started) {
      const most = ((nowMs - before.atMs) / 1000 + 1) * maxBytesPerSecond;
      user.uploaded += plausible(uploaded - before.uploaded, most);
      user.downloaded += plausible(downloaded - before.downloaded, most);
    }
    if (event === announceEvents.stopped) return;
    const [oldest] = transfers.keys();
    if (transfers.size >= maxTransfers && oldest !== undefined) transfers.delete(oldest);
    transfers.set(key, { uploaded, downloaded, atMs: nowMs });
  }
}

function plausible(grown: number, most: number): number {
  return grown > 0 && grown <= most ? grown : 0;
}

/** "NAME KEY" a line; what follows a # is a remark. Throws IndexError `settings` that names the line. */
export function parseUsers(text: string, options: UsersOptions = {}): Users {
  const users = new Users(options);
  for (const [i, line] of text.split('\n').entries()) {
    const [words = ''] = line.split('#');
    const [name, key, more] = words.trim().split(/\s+/);
    if (name === undefined || name === '') continue;
    if (key === undefined || more !== undefined)
      throw new IndexError('settings', `Line ${i + 1} of the users is not "NAME KEY".`, { value: line });
    users.add(name, key);
  }
  return users;
}
