// A terminal of the desktop in which a command runs, where somebody can see it. The command is words, never a shell's line.

import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Programs, and what comes between them and the command. */
const terminals: readonly (readonly [program: string, ...words: string[]])[] = [
  ['x-terminal-emulator', '-e'],
  ['gnome-terminal', '--'],
  ['konsole', '-e'],
  ['xfce4-terminal', '-x'],
  ['kitty'],
  ['foot'],
  ['alacritty', '-e'],
  ['xterm', '-e'],
];

/** False where there is none. */
export async function runInTerminal(words: readonly string[]): Promise<boolean> {
  // On Windows what opens one is cmd.exe, which would read "&" in a link as the end of a command.
  if (process.platform === 'win32') return false;
  for (const [program, ...before] of terminals) {
    if (!isInstalled(program)) continue;
    const child = spawn(program, [...before, ...words], { detached: true, stdio: 'ignore' });
    const isRunning = await new Promise<boolean>((resolve) => {
      child.once('spawn', () => resolve(true));
      child.once('error', () => resolve(false));
    });
    if (!isRunning) continue;
    child.unref();
    return true;
  }
  return false;
}

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
