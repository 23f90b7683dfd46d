// Who opens magnet: links on Windows: keys below HKEY_CURRENT_USER\Software\Classes, written with reg.exe, and a choice
// that Windows asks its user for when there are several. Pure.

const key = 'HKCU\\Software\\Classes\\magnet';

/** The words of each call of reg.exe. */
export function installCalls(words: readonly string[]): string[][] {
  const command = [...words.map((word) => `"${word}"`), '"%1"'].join(' ');
  return [
    ['add', key, '/ve', '/d', 'URL:magnet', '/f'],
    ['add', key, '/v', 'URL Protocol', '/d', '', '/f'],
    ['add', `${key}\\shell\\open\\command`, '/ve', '/d', command, '/f'],
  ];
}

export function removeCalls(): string[][] {
  return [['delete', key, '/f']];
}
