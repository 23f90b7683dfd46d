// Man pages (man(7)) of the command and of each verb.

import type { CommandShape, FlagShape } from './shape.ts';

export function manPage(
  shape: CommandShape,
  { version, verbs }: { readonly version: string; readonly verbs: readonly string[] },
): string {
  const title = shape.path.join('-');
  const others = ['shoal', ...verbs.map((verb) => `shoal-${verb}`)].filter((name) => name !== title);
  const inner = shape.commands.flatMap((command) => [
    `.SS "${quoted(command.path.slice(1).join(' '))} ${quoted(command.usage)}"`,
    text(sentence(command.summary)),
    ...entries(command),
  ]);
  const isWhole = shape.path.length === 1;
  return `${[
    `.TH "${quoted(title.toUpperCase())}" 1 "" "Shoal ${quoted(version)}" "Shoal"`,
    '.SH NAME',
    `${text(title)} \\- ${text(firstLower(shape.summary).replace(/\.$/, ''))}`,
    '.SH SYNOPSIS',
    `.B ${text(shape.path.join(' '))}`,
    text(shape.usage),
    ...(isWhole ? verbList(shape) : inner.length > 0 ? ['.SH COMMANDS', ...inner] : []),
    ...section('FLAGS AND ARGUMENTS', entries(shape)),
    ...(isWhole ? exitStatus : []),
    '.SH SEE ALSO',
    others.map((name) => `.BR ${text(name)} (1)`).join(',\n'),
  ].join('\n')}\n`;
}

const exitStatus = [
  '.SH EXIT STATUS',
  ...[
    ['0', 'done'],
    ['1', 'failed'],
    ['2', 'wrong usage'],
    ['3', 'not found'],
    ['4', 'timed out'],
    ['5', 'refused: trust, policy, bounds, invalid input'],
    ['130', 'interrupted'],
  ].flatMap(([code, meaning]) => ['.TP', `.B ${code}`, meaning ?? '']),
];

function verbList({ commands }: CommandShape): string[] {
  return section(
    'VERBS',
    commands.flatMap(({ path, summary }) => [
      '.TP',
      `.BR ${text(path.join('-'))} (1)`,
      text(sentence(summary)),
    ]),
  );
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`.SH ${title}`, ...lines];
}

function entries({ arguments: given, flags }: CommandShape): string[] {
  return [
    ...given.flatMap(({ name, text: words }) =>
      words === '' ? [] : ['.TP', `.I ${text(name)}`, text(sentence(words))],
    ),
    ...flags.flatMap((flag) => ['.TP', `.B ${text(flagTitle(flag))}`, text(sentence(flag.text))]),
  ];
}

function flagTitle({ short, long, placeholder }: FlagShape): string {
  const value = placeholder === undefined ? '' : ` ${placeholder}`;
  return `${short === undefined ? '' : `${short}, `}${long}${value}`;
}

function sentence(words: string): string {
  const begun = words.slice(0, 1).toUpperCase() + words.slice(1);
  return /[.?!]$/.test(begun) ? begun : `${begun}.`;
}

function firstLower(words: string): string {
  return words.slice(0, 1).toLowerCase() + words.slice(1);
}

/** A dot or an apostrophe at the beginning of a line would be a command to roff. */
function text(words: string): string {
  return words
    .replace(/\\/g, '\\e')
    .replace(/-/g, '\\-')
    .replace(/\n/g, ' ')
    .replace(/^([.'])/, '\\&$1');
}

function quoted(words: string): string {
  return text(words).replace(/"/g, '\\(dq');
}
