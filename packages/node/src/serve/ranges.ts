// Ranges of RFC 9110 section 14: one is served; several, which nobody needs, get the whole.

/** `whole` when none that we serve is asked for; `none` when nothing of the file is in it. */
export type Range = { readonly first: number; readonly last: number } | 'whole' | 'none';

export function rangeOf(header: string | undefined, length: number): Range {
  const [, from = '', to = ''] = /^bytes=\s*(\d{0,16})\s*-\s*(\d{0,16})\s*$/i.exec(header ?? '') ?? [];
  if (from === '' && to === '') return 'whole';
  if (from === '') {
    const count = Math.min(Number(to), length);
    return count === 0 ? 'none' : { first: length - count, last: length - 1 };
  }
  const first = Number(from);
  const last = to === '' ? length - 1 : Math.min(Number(to), length - 1);
  if (to !== '' && Number(to) < first) return 'whole';
  return first >= length ? 'none' : { first, last };
}
