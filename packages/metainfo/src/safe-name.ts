// One name that a torrent gives, made safe as the name of a file or folder on every system. The same name always
// becomes the same safe name, and a name that is safe everywhere stays as it is.

import { fromUtf8Lossy, toUtf8 } from '@shoal/base';
import { maxNameBytes } from './bounds.ts';

/** A name as the torrent has it: text, or bytes where they are not UTF-8. */
export type RawName = string | Uint8Array;

/** Names of ASCII that nothing is wrong with, as nearly all are, but for the reserved ones. */
const plainName = /^[A-Za-z0-9_+=()[\],&'!@#$%{};~^. -]{0,199}[A-Za-z0-9_+=()[\],&'!@#$%{};~^-]$/;

/**
 * What no name may contain, anywhere: separators of paths, what Windows reserves, control characters, line separators,
 * marks that turn the direction of writing (they make "exe.jpg" of "gpj.exe"), and what is no character.
 */
const unsafeCharacter =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
  /[\x00-\x1f\x7f-\x9f/\\<>:"|?*\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffd\ufffe\uffff]|\p{Surrogate}/gu;

/** Devices of Windows, with whatever extension. The digits may be superscript. */
const reservedName =
  /^(?:con|prn|aux|nul|clock\$|conin\$|conout\$|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3]) *(?:\.|$)/i;

export function safeName(raw: RawName): string {
  const text = typeof raw === 'string' ? raw : fromUtf8Lossy(raw);
  if (plainName.test(text) && !reservedName.test(text)) return text;
  let name = text.replace(unsafeCharacter, '_');
  // Windows drops dots and spaces from the end, and "." and ".." are not names.
  const end = endOfName(name);
  name = name.slice(0, end) + '_'.repeat(name.length - end);
  if (name === '') name = '_';
  if (reservedName.test(name)) name = `_${name}`;
  return markName(name, '');
}

/** The name with `mark` before its extension, cut so that it fits; an extension of usual length stays whole. */
export function markName(name: string, mark: string): string {
  const dot = name.lastIndexOf('.');
  const hasExtension = dot > 0 && name.length - dot <= longestExtension;
  const stem = hasExtension ? name.slice(0, dot) : name;
  const extension = hasExtension ? name.slice(dot) : '';
  const room = maxNameBytes - mark.length - utf8Length(extension);
  if (utf8Length(stem) <= room) return stem + mark + extension;
  let cut = cutText(stem, room);
  if (mark + extension === '') cut = cut.slice(0, endOfName(cut));
  return cut + mark + extension;
}

/** With its dot. Longer ones are no extensions, but part of a sentence. */
const longestExtension = 17;

/**
 * Two names with the same key would be one file on some system: those that differ only in case, in how accents are
 * composed, or in characters that cannot be seen.
 */
export function collisionKey(name: string): string {
  if (isAscii.test(name)) return name.toLowerCase();
  const visible = name.normalize('NFC').replace(/\p{Default_Ignorable_Code_Point}/gu, '');
  return visible.toUpperCase().toLowerCase().normalize('NFC');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what ASCII is
const isAscii = /^[\x00-\x7f]*$/;

export function utf8Length(text: string): number {
  return isAscii.test(text) ? text.length : toUtf8(text).length;
}

/** At most so many bytes of UTF-8, never half a character. */
function cutText(text: string, bytes: number): string {
  if (isAscii.test(text)) return text.slice(0, bytes);
  let length = 0;
  let cut = '';
  for (const character of text) {
    length += utf8Length(character);
    if (length > bytes) break;
    cut += character;
  }
  return cut;
}

/** Without the dots and spaces it ends in. */
function endOfName(name: string): number {
  let end = name.length;
  while (end > 0 && (name[end - 1] === '.' || name[end - 1] === ' ')) end--;
  return end;
}
