// The entry of the `shoal` command: runs it and ends the process with its exit code.

import packageJson from '../package.json' with { type: 'json' };
import { exitCodes } from './exit-codes.ts';
import { listenForInterrupt } from './interrupt.ts';
import { runProgram } from './program.ts';

process.stdout.on('error', endUnlessUnread);
process.stderr.on('error', () => {});

const code = await runProgram(process.argv.slice(2), {
  version: packageJson.version,
  signal: listenForInterrupt(),
  stdout: process.stdout,
  stderr: process.stderr,
});
process.stdout.write('', (error) => {
  if (error) endUnlessUnread(error);
  process.exit(code);
});

/** Whoever read our output may have seen enough; work that was asked for goes on. */
function endUnlessUnread(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') return;
  process.stderr.write(`error: What this command prints cannot be written: ${error.message}.\n`);
  process.exit(exitCodes.failed);
}
