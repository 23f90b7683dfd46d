// Runs a benchmark of lab/bench, which a checkout has and an installed package has not.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '../exit-codes.ts';
import type { Verb } from '../verb.ts';

const folder = join(import.meta.dirname, '../../../../lab/bench');

const bench: Verb = (command, context) => {
  command
    .argument('[NAME]', 'which one; without it they are listed')
    .argument('[FLAGS...]', 'what the benchmark itself takes, such as --runs 3')
    .allowUnknownOption()
    .action(async (name, rest) => {
      const all = benches();
      if (name === undefined) {
        for (const { name, purpose } of all)
          context.output.result({ name, purpose }, `${name.padEnd(12)}${purpose}`);
        return;
      }
      if (!all.some((entry) => entry.name === name)) {
        throw new CliError(
          'usage',
          `There is no benchmark called ${name}: ${all.map((entry) => entry.name).join(', ')}.`,
        );
      }
      const child = spawn(process.execPath, [join(folder, `${name}.ts`), ...rest], { stdio: 'inherit' });
      context.signal.addEventListener('abort', () => child.kill('SIGTERM'));
      const [code] = await once(child, 'close');
      if (code !== 0) throw new CliError('failed', `The benchmark ended with ${code ?? 'a signal'}.`);
    });
};

/** Files that export nothing are benchmarks, the others are parts of them. The first comment says what for. */
function benches(): { name: string; purpose: string }[] {
  let files: string[];
  try {
    files = readdirSync(folder).filter((file) => file.endsWith('.ts'));
  } catch {
    throw new CliError(
      'not-found',
      'The benchmarks are in the source tree of Shoal, in lab/bench, and not in this installation.',
    );
  }
  return files.sort().flatMap((file) => {
    const text = readFileSync(join(folder, file), 'utf8');
    if (/^(export|declare) /m.test(text)) return [];
    const purpose = /^\/\/ ([^\n]*?)[.:]?(?= Run:|\. |\n)/.exec(text)?.[1] ?? '';
    return [{ name: file.slice(0, -'.ts'.length), purpose }];
  });
}

export default bench;
