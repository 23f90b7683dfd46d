// The users of a private tracker in the database, where several indexes may share them: who may announce, what each gave
// and took, and an API for the operator. Invariant: what is written are differences, so that no index forgets what
// another counted; a kill loses at most what the last five minutes brought.

import { type Clock, type Random, toHex } from '@shoal/base';
import { saveEveryMs } from '../bounds.ts';
import type { IndexDatabase, SavedUser } from '../database/database.ts';
import { IndexError } from '../errors.ts';
import { every } from '../every.ts';
import { type IndexRequest, type IndexResponse, jsonResponse } from '../http/routes.ts';
import type { Section } from '../section.ts';
import { isOperator, readObject, requireOperator } from './section.ts';
import { Users } from './users.ts';

export interface UsersParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly database: IndexDatabase;
  /** Empty; it is filled here, and follows the database. */
  readonly users: Users;
  readonly operatorToken: string | undefined;
  readonly failed: (error: unknown) => void;
}

const keyBytes = 16;
const longestBody = 1_000;
/** One word, since files of users and command lines have it between others. */
const namePattern = /^[\p{L}\p{N}_.@+-]{1,64}$/u;

export async function openUsers(parts: UsersParts): Promise<Section> {
  const { clock, random, database, users, operatorToken, failed } = parts;
  /** What the database has of each, by key. */
  const written = new Map<string, SavedUser>();
  let last = Promise.resolve();

  /** One after the other. */
  function inTurn<T>(what: () => Promise<T>): Promise<T> {
    const turn = last.then(what);
    last = turn.then(
      () => {},
      () => {},
    );
    return turn;
  }

  /** Writes what was counted here, and reads what others did. */
  async function follow(): Promise<void> {
    const grown = [...users.all()].flatMap(({ name, key, ...sums }): SavedUser[] => {
      const { uploaded, downloaded } = written.get(key) ?? { uploaded: 0, downloaded: 0 };
      const by = { uploaded: sums.uploaded - uploaded, downloaded: sums.downloaded - downloaded };
      return by.uploaded + by.downloaded > 0 ? [{ name, announceKey: key, ...by }] : [];
    });
    await database.growUsers(grown);
    for (const { announceKey, uploaded, downloaded } of grown) {
      const before = written.get(announceKey);
      if (before !== undefined)
        written.set(announceKey, {
          ...before,
          uploaded: before.uploaded + uploaded,
          downloaded: before.downloaded + downloaded,
        });
    }
    const rows = await database.users();
    const now = new Users();
    for (const { name, announceKey } of rows) now.add(name, announceKey);
    users.become(now);
    const before = new Map(written);
    written.clear();
    for (const row of rows) {
      written.set(row.announceKey, row);
      const user = users.find(row.announceKey);
      if (user === undefined) continue;
      // What was counted while the database was asked is still to be written.
      const known = before.get(row.announceKey);
      user.uploaded = row.uploaded + user.uploaded - (known?.uploaded ?? user.uploaded);
      user.downloaded = row.downloaded + user.downloaded - (known?.downloaded ?? user.downloaded);
    }
  }

  async function add(request: IndexRequest): Promise<IndexResponse> {
    requireOperator(request, operatorToken);
    const { name, key = toHex(drawKey(random)) }: { name?: unknown; key?: unknown } = readObject(
      request.body,
    );
    if (typeof name !== 'string' || !namePattern.test(name))
      throw new IndexError('invalid', 'A name has 1 to 64 letters, digits and _ . @ + -');
    if (typeof key !== 'string') throw new IndexError('invalid', 'A key is a text.');
    new Users().add(name, key);
    await inTurn(async () => {
      if (!(await database.addUser(name, key)))
        throw new IndexError('conflict', `The name ${name}, or the key, is somebody's already.`);
      await follow();
    });
    return jsonResponse({ name, key, uploaded: 0, downloaded: 0 });
  }

  async function remove(request: IndexRequest): Promise<IndexResponse> {
    requireOperator(request, operatorToken);
    const { name = '' } = request.params;
    await inTurn(async () => {
      if (!(await database.removeUser(name))) throw new IndexError('not-found', `There is no user ${name}.`);
      await follow();
    });
    return jsonResponse({ removed: name });
  }

  await inTurn(follow);
  const timer = every(clock, saveEveryMs, () => void inTurn(follow).catch(failed));
  const admits = (head: IndexRequest['head']): boolean => isOperator(head, operatorToken);
  return {
    routes: [
      {
        method: 'GET',
        path: '/api/tracker/users',
        handle(request) {
          requireOperator(request, operatorToken);
          return jsonResponse({ users: [...users.all()].map((user) => ({ ...user })) });
        },
      },
      { method: 'POST', path: '/api/tracker/users', maxBodyBytes: longestBody, admits, handle: add },
      { method: 'DELETE', path: '/api/tracker/users/:name', handle: remove },
    ],
    async close() {
      timer.cancel();
      await inTurn(follow).catch(failed);
    },
  };
}

function drawKey(random: Random): Uint8Array {
  const key = new Uint8Array(keyBytes);
  random.fill(key);
  return key;
}
