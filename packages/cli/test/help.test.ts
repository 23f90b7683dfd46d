// Completions and man pages, read by the very programs that they are for.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { verbs } from '../src/verbs.ts';
import { run, shoal, temporaryFolder } from './shoal.ts';

async function missing(program: string, flag = '--version'): Promise<string | false> {
  const { code } = await run(program, [flag]).catch(() => ({ code: 1 }));
  return code === 0 ? false : `${program} is not installed`;
}

/** What is typed, and what is offered for its last word. */
const cases: readonly (readonly [typed: string, offers: readonly string[], notOffered: string])[] = [
  ['shoal li', ['list'], 'share'],
  ['shoal get --overw', ['--overwrite'], '--output'],
  ['shoal get --network ', ['hybrid', 'centralized', 'distributed'], 'folder'],
  ['shoal dht f', ['find'], 'fish'],
  ['shoal dht find --dht', ['--dht-bootstrap'], '--data'],
  ['shoal get --port 5 -o f', ['folder'], 'file'],
  ['shoal share f', ['file', 'folder'], 'find'],
  ['shoal pause ab', ['abcd1234'], 'abba'],
  ['shoal --data folder set --mode s', ['share', 'super-seed'], 'usual'],
];

async function prepared(context: import('node:test').TestContext, shell: string) {
  const folder = await temporaryFolder(context);
  await mkdir(join(folder, 'folder'));
  await writeFile(join(folder, 'file'), '');
  const { code, stdout, stderr } = await shoal(['completions', shell]);
  assert.equal(code, 0, stderr);
  await writeFile(join(folder, 'script'), stdout);
  return folder;
}

function check(typed: string, offered: readonly string[]): void {
  checkOffers(typed, offered);
  const [, , notOffered = ''] = cases.find(([one]) => one === typed) ?? [];
  assert.ok(!offered.includes(notOffered), `${typed}: ${notOffered} in ${offered.join(' ')}`);
}

function checkOffers(typed: string, offered: readonly string[]): void {
  const [, offers = []] = cases.find(([one]) => one === typed) ?? [];
  for (const word of offers) assert.ok(offered.includes(word), `${typed}: ${word} in ${offered.join(' ')}`);
}

test('bash completes verbs, flags, their values, paths and ids', {
  skip: await missing('bash'),
}, async (context) => {
  const folder = await prepared(context, 'bash');
  const script = `cd "$0"; source ./script; shoal() { printf 'abcd1234\\tabba\\n'; }
while IFS= read -r line; do read -ra COMP_WORDS <<< "$line"; [[ $line == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _shoal; echo "\${COMPREPLY[*]}"; done`;
  const child = spawn('bash', ['--norc', '-c', script, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(cases.map(([typed]) => `${typed}\n`).join(''));
  let said = '';
  child.stdout.on('data', (bytes) => (said += bytes));
  await once(child, 'close');
  const lines = said.split('\n');
  for (const [index, [typed]] of cases.entries()) check(typed, (lines[index] ?? '').split(' '));
});

test('fish completes them too, and says what they are', { skip: await missing('fish') }, async (context) => {
  const folder = await prepared(context, 'fish');
  const asked = cases.map(([typed], index) => `echo "case ${index}"; complete -C ${JSON.stringify(typed)}`);
  const script = `cd ${folder}; function shoal; printf 'abcd1234\\tabba\\n'; end; source ./script; ${asked.join('; ')}`;
  const { stdout, stderr } = await run('fish', ['--no-config', '-c', script], {
    HOME: folder,
    XDG_CONFIG_HOME: folder,
  });
  assert.equal(stderr, '');
  const parts = stdout.split(/^case \d+\n/m).slice(1);
  for (const [index, [typed]] of cases.entries()) {
    const words = (parts[index] ?? '')
      .split('\n')
      .map((line) => (line.split('\t')[0] ?? '').replace(/\/$/, ''));
    check(typed, words);
  }
  assert.match(stdout, /^list\tlist the transfers of the running node$/m);
});

test('zsh completes them at its prompt', { skip: await missing('zsh'), timeout: 60_000 }, async (context) => {
  const folder = await prepared(context, 'zsh');
  const asked = cases.map(
    ([typed], index) => `zpty -w -n z $'\\C-u'${JSON.stringify(typed)}$'\\C-xL'
zpty -r -m z got "*END${index}*"; print -r -- "case ${index}"; print -r -- "$got"`,
  );
  // A widget says what is offered, in place of a list that zsh would draw: compadd is asked for its matches.
  const inner = `cd ${folder}; PROMPT=; unsetopt zle prompt_cr; setopt zle; autoload -U compinit; compinit -u -D; source ./script
shoal() { printf 'abcd1234\\tabba\\n' }
typeset -gi asked=0; typeset -ga offered
compadd() { if [[ " $* " == *" -"[ADO]" "* ]]; then builtin compadd "$@"; return; fi; local -a found; builtin compadd -O found "$@"; offered+=($found); builtin compadd "$@" }
tell() { offered=(); zle complete-word; BUFFER=; print; print -r -- "OFFERED \${(u)offered}"; print -r -- "E""ND$((asked++))"; zle redisplay }
zle -C complete-word list-choices _main_complete; zle -N tell; bindkey '^XL' tell; bindkey '^U' kill-whole-line
print REA""DY`;
  await writeFile(join(folder, 'inner'), inner);
  await writeFile(
    join(folder, 'outer'),
    `zmodload zsh/zpty; zpty -b z zsh -f -i; zpty -w z "source ${folder}/inner"; zpty -r -m z got '*READY*'; ${asked.join('\n')}`,
  );
  const { stdout, stderr } = await run('zsh', ['-f', join(folder, 'outer')], { HOME: folder, TERM: 'dumb' });
  const parts = stdout.split(/^case \d+\r?\n/m).slice(1);
  assert.equal(parts.length, cases.length, `${stdout}${stderr}`);
  for (const [index, [typed]] of cases.entries()) {
    const words =
      /^OFFERED (.*)$/m
        .exec(parts[index] ?? '')?.[1]
        ?.trim()
        .split(' ') ?? [];
    // What zsh asks itself on the way is not what it offers.
    checkOffers(
      typed,
      words.map((word) => word.replace(/\/$/, '')),
    );
  }
});

test('each verb has a man page that man reads without a complaint', {
  skip: await missing('man'),
}, async (context) => {
  const folder = join(await temporaryFolder(context), 'man1');
  const { code, stderr } = await shoal(['man', '-o', folder]);
  assert.equal(code, 0, stderr);
  const names = ['shoal.1', ...verbs.map(({ name }) => `shoal-${name}.1`)];
  assert.deepEqual((await readdir(folder)).sort(), names.sort());
  // All are made by one hand; these have all that pages have.
  const read = ['shoal', 'shoal-get', 'shoal-dht', 'shoal-set'];
  const files = read.map((name) => join(folder, `${name}.1`));
  const shown = await run('man', ['--warnings', '-l', ...files], {
    MANWIDTH: '80',
    MANPAGER: 'cat',
    LC_ALL: 'C.UTF-8',
  });
  assert.deepEqual([shown.code, shown.stderr], [0, '']);
  for (const name of read) assert.ok(shown.stdout.includes(`${name.toUpperCase()}(1)`), name);
  for (const { name } of verbs) assert.ok(shown.stdout.includes(`shoal-${name}(1)`), name);
  for (const words of ['--select <GLOB>', 'dht find', 'EXIT STATUS'])
    assert.ok(shown.stdout.includes(words), words);
});

test('a page is printed where nobody reads, and a verb that is none has none', async () => {
  const { code, stdout } = await shoal(['man', 'get']);
  assert.equal(code, 0);
  assert.match(stdout, /^\.TH "SHOAL\\-GET" 1 /);
  assert.equal((await shoal(['man', 'nonsense'])).code, 3);
});
