// Runs a program in the place of this one: same terminal, signals passed on, its exit code becomes ours.
// Plain JavaScript for Node 20.

import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const passedOn = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** A terminal sends Ctrl-C to every process of a group, and npm sends its own copy after it: one press is one signal. */
const onePressMs = 400;

/** Settles when the program has ended, with process.exitCode set to what it said. */
export function runInstead(command, args, options = {}) {
  const child = spawn(command, args, { stdio: 'inherit', ...options });
  let lastAt = Number.NEGATIVE_INFINITY;
  const forward = (signal) => {
    if (signal === 'SIGINT' && performance.now() - lastAt < onePressMs) return;
    lastAt = performance.now();
    child.kill(signal);
  };
  for (const signal of passedOn) process.on(signal, forward);
  const killChild = () => child.kill('SIGKILL');
  process.on('exit', killChild);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      process.off('exit', killChild);
      for (const name of passedOn) process.off(name, forward);
      process.exitCode = code ?? 128 + constants.signals[signal];
      resolve();
    });
  });
}
