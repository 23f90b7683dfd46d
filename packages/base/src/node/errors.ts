// Platform errors into WorldErrors. Nothing else may leave Node's world.

import { getSystemErrorMessage } from 'node:util';
import { WorldError, type WorldErrorCode } from '../world/errors.ts';

const codes: Readonly<Record<string, WorldErrorCode>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETDOWN: 'unreachable',
  ENONET: 'unreachable',
  EAFNOSUPPORT: 'unreachable',
  ETIMEDOUT: 'timeout',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  EADDRINUSE: 'address-in-use',
  EADDRNOTAVAIL: 'address-unavailable',
  ENODEV: 'address-unavailable',
  ENOTFOUND: 'name-not-found',
  ENOENT: 'not-found',
  EEXIST: 'exists',
  ENOSPC: 'no-space',
  EDQUOT: 'no-space',
  EROFS: 'read-only',
  EISDIR: 'is-folder',
  ENOTDIR: 'not-folder',
  ENOTEMPTY: 'not-empty',
  EXDEV: 'other-disk',
  EMFILE: 'too-many-files',
  ENFILE: 'too-many-files',
  ENAMETOOLONG: 'name-too-long',
  EIO: 'io',
  EACCES: 'permission',
  EPERM: 'permission',
  EBADF: 'closed',
  ECANCELED: 'closed',
  EINVAL: 'invalid',
  ELOOP: 'invalid',
  ABORT_ERR: 'aborted',
};

/** `what` is the start of a sentence: "Cannot open /a/b". `fallback` is for codes that this table does not know. */
export function toWorldError(
  error: unknown,
  what: string,
  options: { fallback?: WorldErrorCode; value?: unknown } = {},
): WorldError {
  if (error instanceof WorldError) return error;
  const { code, reason } = describe(error);
  return new WorldError(worldCode(code) ?? options.fallback ?? 'io', `${what}: ${reason}`, {
    value: options.value,
    cause: error,
  });
}

export function abortedError(what: string, signal: AbortSignal | undefined): WorldError {
  return new WorldError('aborted', `${what}: aborted`, { cause: signal?.reason });
}

function worldCode(code: string): WorldErrorCode | undefined {
  const known = codes[code];
  if (known !== undefined) return known;
  if (code.startsWith('EAI_')) return 'name-not-found';
  if (code.startsWith('ERR_INVALID_') || code.startsWith('ERR_OUT_OF_') || code.startsWith('ERR_UNESCAPED_'))
    return 'invalid';
  if (code === 'ERR_SOCKET_BAD_PORT') return 'invalid';
  if (code.startsWith('ERR_TLS_') || code.startsWith('ERR_SSL_') || code.startsWith('ERR_OSSL_'))
    return 'tls';
  if (code.startsWith('CERT_') || code.includes('_CERT') || code === 'HOSTNAME_MISMATCH') return 'tls';
  if (code.startsWith('HPE_') || code.startsWith('ERR_HTTP_')) return 'http';
  return undefined;
}

function describe(error: unknown): { code: string; reason: string } {
  if (!(error instanceof Error)) return { code: '', reason: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const errno = 'errno' in error && typeof error.errno === 'number' ? error.errno : undefined;
  if (errno !== undefined && errno < 0) {
    const text = getSystemErrorMessage(errno);
    if (text !== undefined) return { code, reason: `${text} (${code})` };
  }
  return { code, reason: error.message };
}
