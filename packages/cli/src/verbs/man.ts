// Man pages, made of the command itself: shown, printed, or written into a folder.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CliError } from '../exit-codes.ts';
import { manPage } from '../help/man.ts';
import { wholeProgram } from '../help/shape.ts';
import type { Verb } from '../verb.ts';
import { verbs } from '../verbs.ts';

const man: Verb = (command, context) => {
  command
    .argument('[VERB]', 'of which verb; without it, of the whole command')
    .option('-o, --output <DIR>', 'write all pages into this folder, such as ~/.local/share/man/man1')
    .action(async (name, options) => {
      const { output, version } = context;
      const program = await wholeProgram(context);
      const names = verbs.map((entry) => entry.name);
      const pages = [program, ...program.commands].map((shape) => ({
        name: `${shape.path.join('-')}.1`,
        page: manPage(shape, { version, verbs: names }),
      }));
      if (options.output !== undefined) {
        const folder = resolve(options.output);
        await mkdir(folder, { recursive: true });
        for (const { name: file, page } of pages) await writeFile(join(folder, file), page);
        output.result({ folder, pages: pages.length }, `${pages.length} pages are in ${folder}`);
        return;
      }
      const file = name === undefined ? 'shoal.1' : `shoal-${name}.1`;
      const found = pages.find((one) => one.name === file);
      if (found === undefined)
        throw new CliError('not-found', `There is no verb ${name}. See \`shoal --help\`.`);
      if (!output.json && process.stdout.isTTY && (await showPage(found.page))) return;
      output.result({ name: file, page: found.page }, found.page.trimEnd());
    });
};

export default man;

/** False where this machine has no man. */
async function showPage(page: string): Promise<boolean> {
  const reader = spawn('man', ['-l', '-'], { stdio: ['pipe', 'inherit', 'inherit'] });
  try {
    await once(reader, 'spawn');
  } catch {
    return false;
  }
  const ended = once(reader, 'close');
  reader.stdin.on('error', () => {});
  reader.stdin.end(page);
  const [code] = await ended;
  return code === 0;
}
