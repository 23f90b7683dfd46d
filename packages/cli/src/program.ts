// From the words of a command line to a verb and an exit code. Only the verb that was asked for is loaded.

import { styleText } from 'node:util';
import { Command, CommanderError, Help } from '@commander-js/extra-typings';
import type { World } from '@shoal/base';
import { CliError, exitCodes } from './exit-codes.ts';
import { flags } from './flags.ts';
import { createOutput, type Output, type OutputStream } from './output.ts';
import type { Context, Verb, VerbEntry } from './verb.ts';
import { verbs } from './verbs.ts';

export interface ProgramOptions {
  readonly version: string;
  readonly signal: AbortSignal;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

export async function runProgram(words: readonly string[], options: ProgramOptions): Promise<number> {
  const { version, signal, stdout, stderr } = options;
  const args = hoistVerb(words);
  let world: Promise<World> | undefined;
  let isBound = false;
  let exitCode: number = exitCodes.done;
  // Until the flags are parsed, this is how a mistake in them is told.
  let output: Output = createOutput({ json: words.includes('--json'), verbose: false, stdout, stderr });

  const context: Context = {
    get output() {
      return output;
    },
    signal,
    version,
    exitWith(code) {
      exitCode = code;
    },
    world() {
      world ??= import('@shoal/base/node').then((node) => node.createNodeWorld());
      return world;
    },
    async bind(config) {
      if (isBound) return;
      isBound = true;
      if (config.bind === 'any' && (config['filter.lists'] ?? 'none') === 'none') return;
      const { bindToConfig } = await import('@shoal/node/reach');
      const unbound = await context.world();
      world = bindToConfig(unbound, config);
      // The one that failed closes nothing.
      await world.catch(async (error) => {
        await unbound.close();
        throw error;
      });
    },
  };

  const program = createProgram(options);
  try {
    for (const entry of verbs) {
      const command = program.command(entry.name);
      if (entry.name !== args[0]) {
        command.description(entry.summary);
        continue;
      }
      declareVerb(command, entry, await entry.load(), context);
      command.hook('preAction', () => {
        const given: { json?: true; verbose?: true } = command.opts();
        output = createOutput({
          json: given.json === true,
          verbose: given.verbose === true,
          stdout,
          stderr,
        });
      });
    }
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCodes.done;
      return output.fail(usageError(error, args[0]));
    }
    return output.fail(error);
  } finally {
    await (await world?.catch(() => undefined))?.close();
  }
}

/** All that the verb itself says, and the flags that every verb has. */
export function declareVerb(
  command: Command,
  entry: VerbEntry,
  { default: verb }: { readonly default: Verb },
  context: Context,
): void {
  command.description(entry.summary).optionsGroup('Flags:');
  verb(command, context);
  command
    .helpOption('-h, --help', 'print this help')
    .option('--json', 'print one JSON object a line on stdout')
    .option('-v, --verbose', 'say more: debug logs, and where an error came from');
}

/** The command without its verbs. */
export function createProgram({ version, stdout, stderr }: Omit<ProgramOptions, 'signal'>): Command {
  return new Command('shoal')
    .optionsGroup('Flags:')
    .commandsGroup('Verbs:')
    .usage('VERB [FLAGS]')
    .description('Makes this computer a peer: shares and fetches files with no server in the middle.')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .configureHelp({
      commandUsage: (command) => new Help().commandUsage(command).replace('[options]', '[FLAGS]'),
      styleTitle: (text) => styleText('bold', text, { validateStream: false }),
      styleSubcommandText: (text) => styleText('cyan', text, { validateStream: false }),
      styleOptionText: (text) => styleText('cyan', text, { validateStream: false }),
    })
    .addHelpText('after', '\nA verb says more with `shoal VERB --help`; `shoal up` is a good first one.')
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      outputError: () => {},
    })
    .exitOverride();
}

/** `shoal --data DIR up` is `shoal up --data DIR`: the flags that mean the same everywhere may stand before the verb. */
function hoistVerb(words: readonly string[]): string[] {
  let at = 0;
  for (let word = words[at]; word !== undefined; word = words[at]) {
    if (/^(--json|--verbose|-v)$/.test(word) || /^--\w[^=]*=/.test(word)) at += 1;
    else {
      const flag = Object.values(flags).find(({ long }) => long === word);
      if (flag === undefined) break;
      at += flag.required ? 2 : 1;
    }
  }
  // Without a verb there is none for the flags to stand behind.
  return at >= words.length
    ? []
    : [...words.slice(at, at + 1), ...words.slice(0, at), ...words.slice(at + 1)];
}

function usageError(error: CommanderError, word: string | undefined): CliError {
  const verb = verbs.find(({ name }) => name === word);
  const message =
    error.code === 'commander.help'
      ? 'A verb is missing.'
      : error.message.replace(/^error: /, '').replace(/\n/g, ' ');
  return new CliError('usage', `${message}\nSee \`shoal ${verb ? `${verb.name} ` : ''}--help\`.`);
}
