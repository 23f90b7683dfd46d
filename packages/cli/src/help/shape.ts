// The whole command as data: its verbs, their flags and arguments, read from the very program that parses them.
// Completions and man pages are made of it, so that they cannot say anything else.

import { type CommandUnknownOpts, Help, Option } from '@commander-js/extra-typings';
import { configSchema } from '@shoal/node/config';
import { flags } from '../flags.ts';
import { createProgram, declareVerb } from '../program.ts';
import type { Context } from '../verb.ts';
import { verbs } from '../verbs.ts';

/** What completes an argument or the value of a flag. */
export type ValueKind =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'files' | 'folders' | 'transfers' | 'nothing' };

export interface FlagShape {
  readonly short: string | undefined;
  readonly long: string;
  /** As the help shows it, like `<DIR>`; undefined where it takes no value. */
  readonly placeholder: string | undefined;
  readonly value: ValueKind;
  readonly mayRepeat: boolean;
  /** With its choices and default. */
  readonly text: string;
}

export interface CommandShape {
  /** From `shoal` on. */
  readonly path: readonly string[];
  readonly summary: string;
  readonly usage: string;
  readonly arguments: readonly {
    readonly name: string;
    readonly text: string;
    readonly value: ValueKind;
    readonly isVariadic: boolean;
  }[];
  readonly flags: readonly FlagShape[];
  readonly commands: readonly CommandShape[];
}

export async function wholeProgram(context: Context): Promise<CommandShape> {
  const program = createProgram({
    version: context.version,
    stdout: process.stdout,
    stderr: process.stderr,
  });
  await Promise.all(
    verbs.map(async (entry) => {
      const command = program.command(entry.name);
      declareVerb(command, entry, await entry.load(), context);
    }),
  );
  // They may stand before the verb, too.
  for (const flag of [
    ...Object.values(flags),
    new Option('--json', 'print one JSON object a line on stdout'),
  ])
    program.addOption(flag);
  const shape = shapeOf(program, []);
  const order = verbs.map(({ name }) => name);
  return { ...shape, commands: shape.commands.toSorted((a, b) => placeIn(order, a) - placeIn(order, b)) };
}

/** Every command in it that does something, itself first. */
export function commandsIn(shape: CommandShape): CommandShape[] {
  return [shape, ...shape.commands.flatMap(commandsIn)];
}

function placeIn(order: readonly string[], { path }: CommandShape): number {
  return order.indexOf(path.at(-1) ?? '');
}

function shapeOf(command: CommandUnknownOpts, above: readonly string[]): CommandShape {
  const help = new Help();
  const path = [...above, command.name()];
  return {
    path,
    summary: command.description(),
    usage: command.usage().replace('[options]', '[FLAGS]'),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      text: help.argumentDescription(argument),
      value: kindOfValue(argument.name(), argument.argChoices),
      isVariadic: argument.variadic,
    })),
    flags: help.visibleOptions(command).map((option) => flagOf(option, help.optionDescription(option))),
    commands: command.commands.map((inner) => shapeOf(inner, path)),
  };
}

function flagOf(option: Option, text: string): FlagShape {
  const placeholder = /[<[].*$/.exec(option.flags)?.[0];
  return {
    short: option.short,
    long: option.long ?? option.flags,
    placeholder,
    value: kindOfValue(placeholder?.replace(/[<>[\]]/g, '') ?? '', option.argChoices),
    mayRepeat: /several times/.test(option.description),
    text,
  };
}

function kindOfValue(placeholder: string, choices: readonly string[] | undefined): ValueKind {
  if (choices !== undefined) return { kind: 'words', words: choices };
  const name = placeholder.replace(/\.+$/, '');
  if (name === 'MODE') return { kind: 'words', words: configSchema.properties.network.enum };
  if (name === 'DIR') return { kind: 'folders' };
  if (name === 'ID') return { kind: 'transfers' };
  return /\b(FILE|PATH|TORRENT)\b/.test(name) ? { kind: 'files' } : { kind: 'nothing' };
}
