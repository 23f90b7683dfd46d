// What a scanner makes of a file. Invariant: whatever is not plainly one of the first two is `held`; nothing that a scanner
// says, or fails to say, releases a file but its plain yes.

export type Verdict =
  | { readonly kind: 'clean' }
  /** It said no. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** It said neither: it is asked again later. */
  | { readonly kind: 'held'; readonly reason: string };

export const clean: Verdict = { kind: 'clean' };

/** Of what a stranger's program says: one line, for people. */
export function lineOf(text: string, longest = 200): string {
  const [first = ''] = text.trim().split(/[\r\n]/, 1);
  const line = first.replace(/\p{Cc}+/gu, ' ').trim();
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line;
}
