// Words as they are searched, the same for every database: small letters without accents, in any script; runs of Han and
// kana as single characters and pairs, since there are no spaces between words. What a filter asks for is a word, too,
// behind a mark that no text can hold: so one list answers words and filters together.

import type { UnverifiedPublication } from '@shoal/directory';
import { longestWord, maxSearchWords, maxWordsOfEntry } from './bounds.ts';

/** Of Unicode's private use; texts with it lose it, as it is neither letter nor digit. */
const mark = '\ue000';

export const marked = {
  title: (word: string): string => `${mark}k${word}`,
  file: (word: string): string => `${mark}f${word}`,
  fileType: (extension: string): string => `${mark}x${value(extension)}`,
  tag: (tag: string): string => `${mark}t${value(tag)}`,
  category: (category: string): string => `${mark}c${value(category)}`,
  language: (language: string): string => `${mark}l${value(language)}`,
  publisher: (key: string): string => `${mark}p${value(key)}`,
};

/** A filter's value from anywhere: without quotes, and whatever else means something to a database. */
function value(text: string): string {
  const plain = fold(text).replace(/[^\p{L}\p{N}\p{M}-]/gu, '');
  return plain.replaceAll('-', mark).slice(0, 64).toWellFormed();
}

const singleLetters: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ı: 'i',
};

const isAscii = /^[\0-\x7f]*$/;
const asciiWords = /[a-z0-9]+/g;
const words = /[\p{L}\p{N}\p{M}]+/gu;
const pieces =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー々]+|[^\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー々]+/gu;
const unspaced = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー々]/u;

function fold(text: string): string {
  if (isAscii.test(text)) return text.toLowerCase();
  return text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
    .toLowerCase()
    .replace(/[ßæœøłđðþı]/g, (letter) => singleLetters[letter] ?? letter);
}

/** In their order, some perhaps twice. */
export function wordsOf(text: string): string[] {
  const folded = fold(text);
  if (isAscii.test(folded)) return (folded.match(asciiWords) ?? []).map(cut);
  return (folded.match(words) ?? []).flatMap((word) => (word.match(pieces) ?? []).flatMap(split));
}

function split(piece: string): string[] {
  if (!unspaced.test(piece)) return [cut(piece)];
  const letters = [...piece];
  return letters.flatMap((letter, i) => {
    const next = letters[i + 1];
    return next === undefined ? [letter] : [letter, letter + next];
  });
}

function cut(word: string): string {
  return word.length > longestWord ? word.slice(0, longestWord).toWellFormed() : word;
}

export interface IndexedWords {
  /** All that the publication is found by. */
  readonly all: readonly string[];
  /** Of title and tags, which spelling and suggestions know. */
  readonly spoken: readonly string[];
  /** How many words the title has. */
  readonly titleLength: number;
}

export function indexedWords(publication: UnverifiedPublication): IndexedWords {
  const { title, tags, category, language, description, files, record } = publication;
  const found = new Set<string>([
    marked.category(category),
    marked.publisher(Buffer.from(record.key).toString('hex')),
  ]);
  const add = (word: string): void => {
    if (found.size < maxWordsOfEntry) found.add(word);
  };
  if (language !== undefined) add(marked.language(language));
  const titleWords = wordsOf(title);
  const spoken = new Set(titleWords);
  for (const word of titleWords) {
    add(word);
    add(marked.title(word));
  }
  for (const tag of tags) {
    add(marked.tag(tag));
    for (const word of wordsOf(tag)) {
      spoken.add(word);
      add(word);
    }
  }
  for (const { path } of files) {
    const extension = /\.([^./\s]{1,12})$/.exec(path)?.[1];
    if (extension !== undefined) add(marked.fileType(extension));
  }
  for (const word of wordsOf(description ?? '')) add(word);
  for (const { path } of files)
    for (const word of wordsOf(path)) {
      add(word);
      add(marked.file(word));
    }
  return { all: [...found], spoken: [...spoken], titleLength: titleWords.length };
}

export interface SearchWords {
  readonly wanted: readonly string[];
  /** Beginnings of words, from "lin*". */
  readonly begun: readonly string[];
  /** From "-word". */
  readonly unwanted: readonly string[];
}

export function searchWords(text: string): SearchWords {
  const wanted: string[] = [];
  const begun: string[] = [];
  const unwanted: string[] = [];
  for (const part of text.split(/\s+/)) {
    const isUnwanted = /^-./.test(part);
    const isBegun = !isUnwanted && part.endsWith('*');
    const found = wordsOf(part);
    const last = isBegun ? found.pop() : undefined;
    (isUnwanted ? unwanted : wanted).push(...found);
    if (last !== undefined) begun.push(last);
  }
  return {
    wanted: [...new Set(wanted)].slice(0, maxSearchWords),
    begun: [...new Set(begun)].slice(0, 2),
    unwanted: [...new Set(unwanted)].slice(0, maxSearchWords),
  };
}

/** All of the groups, of each any one; and none of the others. */
export interface Expression {
  readonly groups: readonly (readonly string[])[];
  readonly none: readonly string[];
}

/** For FTS5. Words hold no quotes: they are letters, digits and marks. */
export function toFts5({ groups, none }: Expression): string {
  const quote = (word: string): string => `"${word}"`;
  const all = groups.map((words) => `(${words.map(quote).join(' OR ')})`).join(' AND ');
  return none.length === 0 ? all : `(${all}) NOT (${none.map(quote).join(' OR ')})`;
}

/** For PostgreSQL's tsquery. */
export function toTsquery({ groups, none }: Expression): string {
  const quote = (word: string): string => `'${word}'`;
  return [
    ...groups.map((words) => `(${words.map(quote).join(' | ')})`),
    ...none.map((word) => `!${quote(word)}`),
  ].join(' & ');
}
