// Ctrl-C and SIGTERM, as an AbortSignal. The first asks for a clean stop and leaves five seconds for it;
// the second ends the process at once.

import { CliError, exitCodes } from './exit-codes.ts';

/** What a clean stop may take. */
const graceMs = 5000;
/** Named by whoever starts this command and wants it gone with itself, however it ends: its process id. */
const ownerVariable = 'SHOAL_ENDS_WITH';
const lookMs = 250;
/** npm passes Ctrl-C on to a process that the terminal has told already: that is one press, not two. */
const samePressMs = 400;

export function listenForInterrupt(): AbortSignal {
  const controller = new AbortController();
  let firstMs = 0;

  function onSignal(): void {
    const nowMs = performance.now();
    if (!controller.signal.aborted) {
      firstMs = nowMs;
      setTimeout(() => process.exit(exitCodes.interrupted), graceMs).unref();
      controller.abort(new CliError('interrupted', 'Interrupted.'));
    } else if (nowMs - firstMs > samePressMs) {
      process.exit(exitCodes.interrupted);
    }
  }

  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  // A terminal that is closed. Where nohup wants us to live on it has put a file in the terminal's place.
  if (process.stderr.isTTY) process.on('SIGHUP', onSignal);
  endWithOwner();
  return controller.signal;
}

function endWithOwner(): void {
  const owner = Number(process.env[ownerVariable]);
  if (!Number.isInteger(owner) || owner < 1) return;
  // What this one starts has its own owner.
  delete process.env[ownerVariable];
  setInterval(() => {
    if (process.ppid !== owner) process.exit(exitCodes.interrupted);
  }, lookMs).unref();
}
