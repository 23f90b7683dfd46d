// Who may do what. A file of users has one a line: a name, `read` or `write`, and the password, with spaces between.
// Without one, everybody may read and nobody may write.

import { createHash, timingSafeEqual } from 'node:crypto';
import { NodeError } from '../errors.ts';
import { mostUsers } from './bounds.ts';

export type Right = 'read' | 'write';

export interface Users {
  /** What the bearer of this Authorization header may do; undefined is nothing. */
  rightOf(authorization: string | undefined): Right | undefined;
}

export const everybodyReads: Users = { rightOf: () => 'read' };

/** Throws a NodeError. */
export function readUsers(text: string, path: string): Users {
  const users = new Map<string, { right: Right; password: Buffer }>();
  for (const [i, line] of text.split('\n').entries()) {
    if (/^\s*(?:#.*)?$/.test(line)) continue;
    const [, name, right, password] = /^\s*([^\s:]+)\s+(read|write)\s+(\S.*?)\s*$/.exec(line) ?? [];
    if (name === undefined || password === undefined || users.has(name) || users.size >= mostUsers)
      throw new NodeError(
        'config-invalid',
        `${path}:${i + 1}: a user is a name that is not there yet, read or write, and a password.`,
      );
    users.set(name, { right: right === 'write' ? 'write' : 'read', password: digest(password) });
  }
  if (users.size === 0) throw new NodeError('config-invalid', `${path} names no users.`, { value: path });
  const nobody = digest('');
  return {
    rightOf(authorization) {
      const [, code = ''] = /^Basic ([\w+/=]{1,1024})$/i.exec(authorization ?? '') ?? [];
      const [, name = '', password = ''] =
        /^([^:]*):(.*)$/s.exec(Buffer.from(code, 'base64').toString()) ?? [];
      const user = users.get(name);
      const isRight = timingSafeEqual(digest(password), user?.password ?? nobody);
      return isRight && password !== '' ? user?.right : undefined;
    },
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
