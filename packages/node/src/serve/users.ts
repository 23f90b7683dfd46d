// Who may do what. A file of users has one a line: a name, `read` or `write`, and the hash of the password, with spaces
// between. Without one, everybody may read and nobody may write. Invariant: no password is kept as it is, on disk or here;
// strangers who guess keep few hashes busy, and nobody who was let in before waits for them.

import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { NodeError } from '../errors.ts';
import { mostHashesAtOnce, mostHashesWaiting, mostUsers } from './bounds.ts';

export type Right = 'read' | 'write';

export interface Users {
  /** What the bearer of this Authorization header may do; undefined is nothing, `busy` that nobody knows yet. */
  rightOf(authorization: string | undefined): Promise<Right | 'busy' | undefined>;
}

export const everybodyReads: Users = { rightOf: () => Promise.resolve('read') };

/** Of one password, as a file has it. */
interface Hash {
  readonly cost: { readonly N: number; readonly r: number; readonly p: number; readonly maxmem: number };
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** 16 MiB and some 0.2 s of a core for each guess; OWASP's choice where memory is short. */
const usualCost = costOf(2 ** 14, 8, 5);
const hashLength = 32;
export const namePattern = /^[^\s:#\p{Cc}][^\s:\p{Cc}]{0,63}$/u;

/** Throws a NodeError. */
export function readUsers(text: string, path: string): Users {
  const users = new Map<string, { readonly right: Right; readonly hash: Hash }>();
  for (const [i, line] of text.split('\n').entries()) {
    if (/^\s*(?:#.*)?$/.test(line)) continue;
    const refuse = (why: string) => {
      throw new NodeError('config-invalid', `${path}:${i + 1}: ${why}`, { value: path });
    };
    const [, name = '', right, secret = ''] = /^\s*(\S+)\s+(read|write)\s+(\S.*?)\s*$/.exec(line) ?? [];
    if (!namePattern.test(name) || users.has(name) || users.size >= mostUsers)
      refuse('a user is a name that is not there yet, read or write, and the hash of a password.');
    const hash = readHash(secret);
    if (hash === undefined)
      refuse(
        `this is no hash of a password, and passwords are not kept as they are.\nSet it with: shoal serve user add ${name} --${right} --users ${path}`,
      );
    else users.set(name, { right: right === 'write' ? 'write' : 'read', hash });
  }
  if (users.size === 0) throw new NodeError('config-invalid', `${path} names no users.`, { value: path });
  return new KnownUsers(users);
}

/** The line of a file of users. */
export async function userLine(name: string, right: Right, password: string): Promise<string> {
  const salt = randomBytes(16);
  const { N, r, p } = usualCost;
  const hash = await hashOf(password, { cost: usualCost, salt, hash: Buffer.alloc(hashLength) });
  return `${name} ${right} scrypt$${N}$${r}$${p}$${salt.toString('base64url')}$${hash.toString('base64url')}`;
}

class KnownUsers implements Users {
  readonly #users: ReadonlyMap<string, { readonly right: Right; readonly hash: Hash }>;
  /** Those who were right before, by a quick hash of what they said. */
  readonly #letIn = new Map<string, Right>();
  readonly #nobody: Hash = { cost: usualCost, salt: randomBytes(16), hash: randomBytes(hashLength) };
  readonly #waiting: (() => void)[] = [];
  #free = mostHashesAtOnce;

  constructor(users: ReadonlyMap<string, { readonly right: Right; readonly hash: Hash }>) {
    this.#users = users;
  }

  async rightOf(authorization: string | undefined): Promise<Right | 'busy' | undefined> {
    const [, code = ''] = /^Basic ([\w+/=]{1,1024})$/i.exec(authorization ?? '') ?? [];
    const said = Buffer.from(code, 'base64').toString();
    const [, name = '', password = ''] = /^([^:]*):(.*)$/s.exec(said) ?? [];
    if (password === '') return undefined;
    const key = createHash('sha256').update(said).digest('hex');
    const known = this.#letIn.get(key);
    if (known !== undefined) return known;
    if (this.#free > 0) this.#free--;
    else if (this.#waiting.length >= mostHashesWaiting) return 'busy';
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      // Who is not there takes as long.
      const user = this.#users.get(name);
      const { hash } = user ?? { hash: this.#nobody };
      if (!timingSafeEqual(await hashOf(password, hash), hash.hash) || user === undefined) return undefined;
      this.#letIn.set(key, user.right);
      return user.right;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}

function hashOf(password: string, { cost, salt, hash }: Hash): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, hash.length, cost, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

function readHash(text: string): Hash | undefined {
  const match = /^scrypt\$(\d{1,7})\$(\d{1,2})\$(\d{1,2})\$([\w-]{11,86})\$([\w-]{22,86})$/.exec(text);
  if (match === null) return undefined;
  const [, N, r, p, salt = '', hash = ''] = match;
  const cost = costOf(Number(N), Number(r), Number(p));
  const isPossible = cost.N >= 2 && Number.isInteger(Math.log2(cost.N)) && cost.r >= 1 && cost.p >= 1;
  if (!isPossible || cost.maxmem > 2 ** 28) return undefined;
  return { cost, salt: Buffer.from(salt, 'base64url'), hash: Buffer.from(hash, 'base64url') };
}

function costOf(N: number, r: number, p: number): Hash['cost'] {
  // What it takes (128 N r, and a little for each p), and as much again for the library.
  return { N, r, p, maxmem: 256 * N * r + 1024 * r * p };
}
