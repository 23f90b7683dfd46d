// Typing errors: two words that differ by one letter too many, too few, wrong, or by two neighbours in the wrong order,
// are the same once one letter is left out of one or of both. So each word of the vocabulary is filed under itself and
// under each of its shortenings, and a wrong word is looked up under its own.

import { longestCorrected, shortestCorrected } from './bounds.ts';

/** Numbers are no typing errors of each other, and neither are hashes. */
export function isCorrectable(word: string): boolean {
  const { length } = word;
  return length >= shortestCorrected && length <= longestCorrected && !/\p{N}/u.test(word);
}

/** What a word is filed under, as numbers. */
export function shortenings(word: string): number[] {
  const found = new Set([hash(word)]);
  for (let i = 0; i < word.length; i++) found.add(hash(word.slice(0, i) + word.slice(i + 1)));
  return [...found];
}

/** Two different words rarely have one: it is 48 bits of two FNV-1a hashes. */
function hash(text: string): number {
  let a = 0x811c9dc5;
  let b = 0x01000193;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ (code + 0x9e37), 0x85ebca6b);
  }
  return (a >>> 0) * 0x10000 + ((b >>> 8) & 0xffff);
}

/** Whether they differ by one error at most. */
export function isNear(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let from = 0;
  while (from < a.length && from < b.length && a[from] === b[from]) from++;
  let [endA, endB] = [a.length, b.length];
  while (endA > from && endB > from && a[endA - 1] === b[endB - 1]) {
    endA--;
    endB--;
  }
  const [restA, restB] = [a.slice(from, endA), b.slice(from, endB)];
  if (restA.length <= 1 && restB.length <= 1) return true;
  return restA.length === 2 && restB.length === 2 && restA[0] === restB[1] && restA[1] === restB[0];
}
