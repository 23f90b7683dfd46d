// What a shell needs to complete `shoal`: scripts for bash, zsh and fish, made of the shape of the command. The ids of
// transfers are asked of the running node when they are wanted, by `shoal completions ids`.

import { type CommandShape, commandsIn, type FlagShape, type ValueKind } from './shape.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

export function completionsFor(shell: Shell, program: CommandShape): string {
  const commands = commandsIn(program);
  switch (shell) {
    case 'bash':
      return bash(commands);
    case 'zsh':
      return zsh(commands);
    case 'fish':
      return fish(commands);
  }
}

const header = '# Completions of the shoal command. Made by `shoal completions`.';

/** How a command is known in the scripts: its words after `shoal`. */
function keyOf({ path }: CommandShape): string {
  return path.slice(1).join(' ');
}

function flagWords({ short, long }: FlagShape): string[] {
  return short === undefined ? [long] : [short, long];
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Of the arguments of a command, the kind that fits most: they differ in no verb but `select`. */
function argumentOf({ arguments: given }: CommandShape): ValueKind {
  return given[0]?.value ?? { kind: 'nothing' };
}

function bash(commands: readonly CommandShape[]): string {
  const values = (value: ValueKind): string => {
    switch (value.kind) {
      case 'words':
        return `_shoal_words ${shellQuoted(value.words.join(' '))}`;
      case 'files':
        return '_shoal_paths -f';
      case 'folders':
        return '_shoal_paths -d';
      case 'transfers':
        return '_shoal_transfers';
      case 'nothing':
        return ':';
    }
  };
  const flagCases = commands.flatMap((command) =>
    command.flags
      .filter(({ placeholder }) => placeholder !== undefined)
      .map(
        (flag) =>
          `    ${flagWords(flag)
            .map((word) => shellQuoted(`${keyOf(command)}:${word}`))
            .join('|')}) ${values(flag.value)}; return ;;`,
      ),
  );
  const takers = [
    ...new Set(
      commands.flatMap(({ flags }) =>
        flags.filter(({ placeholder }) => placeholder !== undefined).flatMap(flagWords),
      ),
    ),
  ];
  const inner = commands.filter((command) => command.commands.length > 0);
  const innerPattern = inner
    .map((command) => command.commands.map((one) => shellQuoted(keyOf(one))).join('|'))
    .join('|');
  return `${header}
_shoal_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur"); }
_shoal_paths() { compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen "$1" -- "$cur"); }
_shoal_transfers() { _shoal_words "$("\${COMP_WORDS[0]}" completions ids 2>/dev/null | cut -f1)"; }
_shoal() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} verb='' word next i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "$word" in
      ${takers.join('|')}) ((i++)); continue ;;
      -*) continue ;;
    esac
    next="\${verb:+$verb }$word"
    case "$next" in
      ${innerPattern}) verb=$next ;;
    esac
  done
  case "$verb:$prev" in
${flagCases.join('\n')}
  esac
  case "$verb" in
${commands
  .map((command) => {
    const flags = command.flags.flatMap(flagWords).join(' ');
    const others =
      command.commands.length > 0
        ? `_shoal_words ${shellQuoted(command.commands.map(({ path }) => path.at(-1)).join(' '))}`
        : values(argumentOf(command));
    return `    ${shellQuoted(keyOf(command))}) if [[ $cur == -* ]]; then _shoal_words ${shellQuoted(flags)}; else ${others}; fi ;;`;
  })
  .join('\n')}
  esac
}
complete -F _shoal shoal
`;
}

function zsh(commands: readonly CommandShape[]): string {
  const action = (value: ValueKind): string => {
    switch (value.kind) {
      case 'words':
        return `(${value.words.join(' ')})`;
      case 'files':
        return '_files';
      case 'folders':
        return '_files -/';
      case 'transfers':
        return '_shoal_transfers';
      case 'nothing':
        return ' ';
    }
  };
  const spec = (text: string): string => text.replace(/[\\:[\]]/g, '\\$&').replaceAll('\n', ' ');
  const flagSpecs = ({ flags }: CommandShape): string[] =>
    flags.flatMap((flag) => {
      const words = flagWords(flag);
      return words.map((word) => {
        const only = flag.mayRepeat ? '*' : words.length > 1 ? `(${words.join(' ')})` : '';
        const value =
          flag.placeholder === undefined
            ? ''
            : `:${spec(flag.placeholder.replace(/[<>[\]]/g, ''))}:${action(flag.value)}`;
        return shellQuoted(`${only}${word}[${spec(flag.text)}]${value}`);
      });
    });
  const functionName = (command: CommandShape): string => `_${command.path.join('_').replaceAll('-', '_')}`;
  const functions = commands.map((command) => {
    const lines = flagSpecs(command);
    if (command.commands.length === 0) {
      const given = command.arguments.map(({ name, value, isVariadic }, index) =>
        shellQuoted(`${isVariadic ? '*' : index + 1}:${spec(name)}:${action(value)}`),
      );
      return `${functionName(command)}() {
  _arguments -s ${[...lines, ...given].join(' \\\n    ')}
}`;
    }
    const names = command.commands.map(({ path, summary }) =>
      shellQuoted(`${path.at(-1)}:${summary.replace(/[\\:]/g, '\\$&')}`),
    );
    const cases = command.commands.map((one) => `      ${one.path.at(-1)}) ${functionName(one)} ;;`);
    return `${functionName(command)}() {
  local line state curcontext="$curcontext"
  _arguments -C ${[...lines, "'1: :->verb'", "'*:: :->rest'"].join(' \\\n    ')}
  case $state in
    verb) local -a verbs=(${names.join(' ')}); _describe verb verbs ;;
    rest) case $line[1] in
${cases.join('\n')}
    esac ;;
  esac
}`;
  });
  return `#compdef shoal
${header}
_shoal_transfers() {
  local -a transfers
  transfers=("\${(@f)$(shoal completions ids 2>/dev/null | sed 's/:/\\\\:/g; s/\\t/:/')}")
  _describe transfer transfers
}
${functions.join('\n')}
if [ "$funcstack[1]" = _shoal ]; then _shoal "$@"; else compdef _shoal shoal; fi
`;
}

function fish(commands: readonly CommandShape[]): string {
  const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&').replaceAll('\n', ' ')}'`;
  const values = (value: ValueKind): string => {
    switch (value.kind) {
      case 'words':
        return `-x -a ${quoted(value.words.join(' '))}`;
      case 'files':
        return '-r -F';
      case 'folders':
        return "-x -a '(__fish_complete_directories)'";
      case 'transfers':
        return "-x -a '(shoal completions ids 2>/dev/null)'";
      case 'nothing':
        return '-x';
    }
  };
  const lines = commands.flatMap((command) => {
    const is = `-n ${quoted(`test (__shoal_verb) = ${quoted(keyOf(command))}`)}`;
    const argument = argumentOf(command);
    return [
      ...command.commands.map(
        ({ path, summary }) => `complete -c shoal ${is} -a ${path.at(-1)} -d ${quoted(summary)}`,
      ),
      ...(command.commands.length > 0 || argument.kind === 'nothing'
        ? []
        : [`complete -c shoal ${is} ${values(argument).replace(/^-[xr] ?/, '')}`]),
      ...command.flags.map(({ short, long, placeholder, value, text }) =>
        [
          `complete -c shoal ${is}`,
          ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
          `-l ${long.slice(2)}`,
          ...(placeholder === undefined ? [] : [values(value)]),
          `-d ${quoted(text)}`,
        ].join(' '),
      ),
    ];
  });
  const keys = commands.map(keyOf).filter((key) => key !== '');
  const takers = [
    ...new Set(
      commands.flatMap(({ flags }) =>
        flags.filter(({ placeholder }) => placeholder !== undefined).flatMap(flagWords),
      ),
    ),
  ];
  return `${header}
function __shoal_verb
    set -l verb ''
    set -l skips 0
    for word in (commandline -opc)[2..-1]
        if test $skips = 1
            set skips 0
        else if contains -- $word ${takers.join(' ')}
            set skips 1
        else
            set -l next (string trim -- "$verb $word")
            contains -- $next ${keys.map(quoted).join(' ')}; and set verb $next
        end
    end
    echo "$verb"
end
complete -c shoal -f
${lines.join('\n')}
`;
}
