// The entry of the `shoal` command: runs it and ends the process with its exit code.

import packageJson from '../package.json' with { type: 'json' };
import { listenForInterrupt } from './interrupt.ts';
import { runProgram } from './program.ts';

// Whoever read our output has seen enough; work that was asked for goes on.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return;
  process.stderr.write(`error: what this command prints cannot be written: ${error.message}\n`);
  process.exit(1);
});
process.stderr.on('error', () => {});

const code = await runProgram(process.argv.slice(2), {
  version: packageJson.version,
  signal: listenForInterrupt(),
  stdout: process.stdout,
  stderr: process.stderr,
});
process.stdout.write('', () => process.exit(code));
