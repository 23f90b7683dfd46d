// The part of a file that a request asks for (RFC 9110, 14). What cannot be understood is as if it were not there, as the
// RFC has it; several ranges are answered with the whole, which it allows, since no web seed asks for that.

export type Part =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly start: number; readonly end: number }
  /** Nothing of it is in the file: 416. */
  | { readonly kind: 'outside' };

export function partOf(header: string | undefined, length: number): Part {
  const match = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/i.exec(header ?? '');
  const [, first = '', last = ''] = match ?? [];
  if (match === null || (first === '' && last === '')) return { kind: 'whole' };
  if (first === '') {
    const count = Math.min(Number(last), length);
    return count === 0 ? { kind: 'outside' } : { kind: 'part', start: length - count, end: length };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return { kind: 'whole' };
  if (start >= length) return { kind: 'outside' };
  return { kind: 'part', start, end: last === '' ? length : Math.min(Number(last) + 1, length) };
}
