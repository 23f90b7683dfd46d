// Who opens magnet: links on a desktop of freedesktop.org (Desktop Entry, and MIME Applications): a file that says how we
// are started, and a line in the user's mimeapps.list. Pure. Invariant: nobody else's lines change, and whoever had the
// links before has them again when ours is taken out.

export const entryName = 'shoal-magnet.desktop';
const type = 'x-scheme-handler/magnet';
const section = '[Default Applications]';

/** The desktop file; `words` is the command, to which the link is added. */
export function desktopEntry(words: readonly string[]): string {
  return [
    '[Desktop Entry]',
    'Type=Application',
    'Name=Shoal',
    'Comment=Fetch what a magnet link names',
    `Exec=${words.map(execWord).join(' ')} %u`,
    'Terminal=false',
    'NoDisplay=true',
    'Categories=Network;FileTransfer;P2P;',
    `MimeType=${type};`,
    '',
  ].join('\n');
}

/**
 * As a word of Exec: in quotes, with what means something there escaped; and the whole as a string of the file. A plain
 * word stays as it is: xdg-mime passes entries over whose program is in quotes.
 */
function execWord(word: string): string {
  if (/^[\w/.:=@+,-]+$/.test(word)) return word;
  const escaped = word.replace(/["`$\\]/g, '\\$&').replaceAll('%', '%%');
  return `"${escaped}"`.replaceAll('\\', '\\\\');
}

/** Puts us before whoever has the links now. */
export function withHandler(text: string): string {
  const lines = withoutHandler(text).split('\n');
  const at = lines.findIndex((line) => line.trim() === section);
  if (at === -1) {
    const before = lines.join('\n').replace(/\n*$/, '');
    return `${before === '' ? '' : `${before}\n\n`}${section}\n${type}=${entryName};\n`;
  }
  const { start, end } = sectionAt(lines, at);
  const own = lines.findIndex((line, i) => i >= start && i < end && isOfType(line));
  if (own === -1) lines.splice(start, 0, `${type}=${entryName};`);
  else lines[own] = `${type}=${[entryName, ...handlersIn(lines[own] ?? '')].join(';')};`;
  return lines.join('\n');
}

export function withoutHandler(text: string): string {
  return text
    .split('\n')
    .flatMap((line) => {
      if (!isOfType(line) || !handlersIn(line).includes(entryName)) return [line];
      const others = handlersIn(line).filter((name) => name !== entryName);
      return others.length === 0 ? [] : [`${type}=${others.join(';')};`];
    })
    .join('\n');
}

function sectionAt(lines: readonly string[], at: number): { start: number; end: number } {
  const next = lines.findIndex((line, i) => i > at && line.trim().startsWith('['));
  return { start: at + 1, end: next === -1 ? lines.length : next };
}

function isOfType(line: string): boolean {
  return line.slice(0, line.indexOf('=')).trim() === type;
}

function handlersIn(line: string): string[] {
  return line
    .slice(line.indexOf('=') + 1)
    .split(';')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
