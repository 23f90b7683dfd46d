// How many columns of a terminal a text takes, and texts that fit into so many. Wide are the characters of East Asia and
// pictures (Unicode TR 11 and 51); marks that combine take none.

const ascii = /^[\x20-\x7e]*$/;
const none = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
const wide =
  /^[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]$/u;

export function widthOf(text: string): number {
  if (ascii.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += columnsOf(character);
  return width;
}

/** Ends in `…` where something is missing. */
export function cutToWidth(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let cut = '';
  let taken = 1;
  for (const character of text) {
    taken += columnsOf(character);
    if (taken > width) break;
    cut += character;
  }
  return width > 0 ? `${cut}…` : '';
}

/** Exactly so wide: cut, or filled up. */
export function fitToWidth(text: string, width: number, side: 'left' | 'right' = 'left'): string {
  const cut = cutToWidth(text, width);
  const space = ' '.repeat(Math.max(0, width - widthOf(cut)));
  return side === 'left' ? cut + space : space + cut;
}

function columnsOf(character: string): number {
  if (character >= ' ' && character <= '~') return 1;
  return none.test(character) ? 0 : wide.test(character) ? 2 : 1;
}
