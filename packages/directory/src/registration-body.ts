// The body of a registration as it is posted: one bencoded dictionary with a lease, and the list of its offers where the
// index may not have it; or with the end of a lease.

import { BencodeError, decodeBencode, encodeBencode } from '@shoal/base';
import { longestRegistration } from './bounds.ts';
import { DirectoryError } from './errors.ts';

export type RegistrationBody =
  | { readonly kind: 'lease'; readonly lease: Uint8Array; readonly offers: Uint8Array | undefined }
  | { readonly kind: 'end'; readonly end: Uint8Array };

export function encodeRegistration(body: RegistrationBody): Uint8Array {
  if (body.kind === 'end') return encodeBencode({ end: body.end });
  return encodeBencode({ lease: body.lease, offers: body.offers });
}

/** Throws DirectoryError `bad-registration`. What is inside is not looked at; its bytes are views. */
export function parseRegistration(bytes: Uint8Array): RegistrationBody {
  try {
    const root = decodeBencode(bytes, { maxDepth: 4, maxLength: longestRegistration });
    const lease = root.get('lease')?.asBytes();
    const end = root.get('end')?.asBytes();
    if (end !== undefined && lease === undefined) return { kind: 'end', end };
    if (lease !== undefined && end === undefined)
      return { kind: 'lease', lease, offers: root.get('offers')?.asBytes() };
  } catch (cause) {
    if (!(cause instanceof BencodeError)) throw cause;
    throw bad(cause.message, cause);
  }
  throw bad('it holds one of a lease and the end of a lease');
}

function bad(why: string, cause?: Error): DirectoryError {
  return new DirectoryError('bad-registration', `This is no registration: ${why.replace(/\.$/, '')}.`, {
    cause,
  });
}
