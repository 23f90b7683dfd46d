import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RoomError, WorldError } from '@shoal/base';
import { CliError, exitCodeOf } from '../src/exit-codes.ts';
import { createOutput, type Output, printable } from '../src/output.ts';
import { terminalLine } from '../src/terminal-log.ts';

function record(options: { json?: boolean; verbose?: boolean; isTTY?: boolean; columns?: number }): {
  output: Output;
  said: { out: string; err: string };
} {
  const said = { out: '', err: '' };
  const { isTTY = false, columns = 80 } = options;
  const output = createOutput({
    json: options.json ?? false,
    verbose: options.verbose ?? false,
    stdout: { isTTY, write: (text) => (said.out += text) },
    stderr: { isTTY, columns, write: (text) => (said.err += text) },
  });
  return { output, said };
}

test('for people results go to stdout and the rest to stderr', () => {
  const { output, said } = record({});
  output.event({ event: 'a' });
  output.event({ event: 'b' }, 'b happened');
  output.progress('half');
  output.note('by the way');
  output.result({ n: 1 }, 'one');
  assert.deepEqual(said, { out: 'one\n', err: 'b happened\nby the way\n' });
});

test('with --json stdout is one JSON object a line, a failure the last', () => {
  const { output, said } = record({ json: true, isTTY: true });
  output.event({ event: 'a' }, 'a happened');
  output.progress('half');
  output.result({ hash: Uint8Array.of(1, 255), big: 2n ** 60n, small: 5n }, 'one');
  assert.equal(output.fail(new CliError('not-found', 'Nobody has it.')), 3);
  assert.deepEqual(said.out.split('\n'), [
    '{"event":"a"}',
    '{"hash":"01ff","big":"1152921504606846976","small":5}',
    '{"error":{"code":"not-found","message":"Nobody has it."}}',
    '',
  ]);
  assert.equal(said.err, '');
});

test('progress is one line of the terminal that gives way to all else', () => {
  const { output, said } = record({ isTTY: true, columns: 10 });
  output.progress('1 of 2');
  output.progress('much longer than this terminal');
  output.note('done');
  assert.equal(said.err, '\r\x1b[K1 of 2\r\x1b[Kmuch lon…\r\x1b[Kdone\n');
});

test('what drives a terminal or disguises a name is not printed', () => {
  assert.equal(
    printable('a\x1b[2Jb\x07c\x9bd\re\u202efgp.exe'),
    'a\ufffd[2Jb\ufffdc\ufffdd\ufffde\ufffdfgp.exe',
  );
  assert.equal(printable('tab\tline\nžluťoučký 鱼群 🐟'), 'tab\tline\nžluťoučký 鱼群 🐟');
  const { output, said } = record({});
  output.result({}, '\x1b]0;title\x07');
  output.fail(new CliError('failed', '\x1b[31m'));
  assert.ok(!`${said.out}${said.err}`.includes('\x1b'));
  const logged = terminalLine('{"level":"info","time":0,"msg":"\\u001b[2J","name":"\\u0007"}', true);
  assert.ok(!logged.includes('\x1b[2J') && !logged.includes('\x07'));
});

test('every kind of failure has its exit code', () => {
  class StrangeError extends RoomError<'not-found'> {}
  class MetainfoError extends RoomError<'anything'> {}
  const cases: [unknown, number][] = [
    [new CliError('failed', ''), 1],
    [new CliError('usage', ''), 2],
    [new CliError('not-found', ''), 3],
    [new CliError('timeout', ''), 4],
    [new CliError('refused', ''), 5],
    [new CliError('interrupted', ''), 130],
    [new WorldError('not-found', ''), 3],
    [new WorldError('refused', ''), 1],
    [new WorldError('timeout', ''), 4],
    [new WorldError('aborted', ''), 130],
    [new MetainfoError('anything', ''), 5],
    [new StrangeError('not-found', ''), 1],
    [new DOMException('', 'AbortError'), 130],
    [new Error('a bug'), 1],
    ['a string', 1],
  ];
  for (const [error, code] of cases) assert.equal(exitCodeOf(error), code, String(error));
});

test('a bug is told as one, and its stack with -v only', () => {
  const quiet = record({});
  assert.equal(quiet.output.fail(new TypeError('x is not a function')), 1);
  assert.match(quiet.said.err, /should not: x is not a function\. Run it again with -v/);
  assert.ok(!quiet.said.err.includes('    at '));
  const verbose = record({ verbose: true });
  verbose.output.fail(new Error('outer', { cause: new Error('inner') }));
  assert.match(verbose.said.err, /outer[\s\S]+ {4}at [\s\S]+caused by Error: inner/);
});
