// The pieces of a transfer as a bar: each character stands for some of them, in eighths of what is here.

import type { PieceMapAnswer } from '@shoal/api';
import type { Span } from '../output.ts';

const eighths = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** Green where all is here, yellow where some is on its way. */
export function pieceBar({ states: base64 }: Pick<PieceMapAnswer, 'states'>, width: number): Span[] {
  const states = Buffer.from(base64, 'base64');
  const cells = Math.min(width, states.length);
  return Array.from({ length: cells }, (_, cell): Span => {
    const part = states.subarray(
      Math.floor((cell * states.length) / cells),
      Math.floor(((cell + 1) * states.length) / cells),
    );
    const here = part.reduce((count, state) => count + (state === 2 ? 1 : 0), 0);
    if (here === part.length) return { text: '█', style: 'green' };
    const text = eighths[Math.floor((8 * here) / part.length)] ?? ' ';
    return part.includes(1) ? { text: text === ' ' ? '·' : text, style: 'yellow' } : text;
  });
}
