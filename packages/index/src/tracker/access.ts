// Who may announce what, where a tracker is not open to all: listed info hashes, announce keys, and ratios.

import type { AnnounceFields } from '@shoal/tracker/codec';
import type { HashList } from './hash-list.ts';
import { type Refusal, refusals } from './settings.ts';
import { type Group, group } from './swarms.ts';
import type { Users } from './users.ts';

export interface AccessOptions {
  /** These are refused. */
  readonly blocked?: HashList;
  /** Only these are served. */
  readonly listed?: HashList;
  /** Only these are served, and what they move is counted. */
  readonly users?: Users;
  /** Who made them keeps what they move, in place of the file beside the leases. */
  readonly areUsersKept?: boolean;
}

export class Access {
  readonly blocked: HashList | undefined;
  readonly listed: HashList | undefined;
  readonly users: Users | undefined;

  constructor(options: AccessOptions) {
    this.blocked = options.blocked;
    this.listed = options.listed;
    this.users = options.users;
  }

  refusalOf(fields: AnnounceFields, as: Group, key: string, nowMs: number): Refusal | undefined {
    if (this.blocked?.has(fields.bytes, fields.hashAt) === true) return refusals.blocked;
    if (this.listed !== undefined && !this.listed.has(fields.bytes, fields.hashAt)) return refusals.notListed;
    if (this.users === undefined) return undefined;
    if (key === '') return refusals.noKey;
    const user = this.users.find(key);
    if (user === undefined) return refusals.unknownKey;
    this.users.count(user, fields, nowMs);
    return as === group.downloader && this.users.isTooLow(user) ? refusals.ratio : undefined;
  }

  /** For a scrape. */
  mayAsk(key: string): Refusal | undefined {
    if (this.users === undefined) return undefined;
    if (key === '') return refusals.noKey;
    return this.users.find(key) === undefined ? refusals.unknownKey : undefined;
  }
}
