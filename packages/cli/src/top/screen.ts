// The whole terminal, taken and given back: the alternate screen, keys one by one, only lines that changed are written.
// Whatever way the process ends (but by SIGKILL), the terminal is as it was.

import type { ReadStream, WriteStream } from 'node:tty';

export interface Screen {
  readonly columns: number;
  readonly rows: number;
  draw(lines: readonly string[]): void;
  close(): void;
}

const enter = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const leave = '\x1b[H\x1b[?7h\x1b[?25h\x1b[?1049l';

export function openScreen(
  { input, output }: { readonly input: ReadStream; readonly output: WriteStream },
  { onKey, onResize }: { onKey(key: string): void; onResize(): void },
): Screen {
  let drawn: readonly string[] = [];
  let isOpen = true;
  const onData = (text: string): void => {
    for (const key of keysIn(text)) if (isOpen) onKey(key);
  };
  const resized = (): void => {
    // What a terminal does with its lines when it changes is anybody's guess.
    drawn = [];
    onResize();
  };
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    process.off('exit', close);
    output.off('resize', resized);
    input.off('data', onData);
    input.setRawMode(false);
    input.pause();
    output.write(leave);
  };
  process.on('exit', close);
  input.setEncoding('utf8');
  input.setRawMode(true);
  input.on('data', onData);
  output.on('resize', resized);
  output.write(enter);
  return {
    get columns() {
      return output.columns;
    },
    get rows() {
      return output.rows;
    },
    draw(lines) {
      let text = '';
      const most = Math.max(lines.length, drawn.length);
      for (let row = 0; row < most; row++) {
        const line = lines[row] ?? '';
        if (line !== drawn[row]) text += `\x1b[${row + 1};1H${line}\x1b[K`;
      }
      drawn = lines;
      if (isOpen && text !== '') output.write(text);
    },
    close,
  };
}

const sequences: Readonly<Record<string, string>> = {
  '\x1b[A': 'up',
  '\x1bOA': 'up',
  '\x1b[B': 'down',
  '\x1bOB': 'down',
  '\x1b[5~': 'page-up',
  '\x1b[6~': 'page-down',
  '\x1b[H': 'home',
  '\x1b[1~': 'home',
  '\x1bOH': 'home',
  '\x1b[F': 'end',
  '\x1b[4~': 'end',
  '\x1bOF': 'end',
  '\x1b': 'escape',
  '\r': 'enter',
  '\n': 'enter',
  '\x7f': 'backspace',
  '\b': 'backspace',
  '\x03': 'interrupt',
  '\x04': 'interrupt',
};

/** Names of keys, or the characters that they stand for. Keys that are not known are not there. */
export function keysIn(text: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: keys are such characters
  const found = text.match(/\x1b\[[0-9;?]*[ -/]*[@-~]|\x1bO[A-Z]|[\s\S]/gu) ?? [];
  return found.flatMap((one) => {
    const name = sequences[one];
    if (name !== undefined) return [name];
    return one >= ' ' ? [one] : [];
  });
}
