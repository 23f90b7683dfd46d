// Makes node_modules fit package-lock.json and returns the pinned Node. Plain JavaScript for Node 20, no dependencies:
// it is what runs before anything is installed. An install counts as done when npm's own record of it
// (node_modules/.package-lock.json, written last) agrees with the lock file and every package has its folder.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');

const modules = join(root, 'node_modules');
const record = join(modules, '.package-lock.json');
const installLock = join(root, '.installing');
const oldestNode = 20;

/** Compiled code is kept between runs; everything that is started from here inherits the folder. */
process.env.NODE_COMPILE_CACHE ??= join(modules, '.cache', 'shoal', 'code');

/** Installs what is missing and returns the path of the pinned Node. Where that fails it says so and exits with 1. */
export async function bootstrap() {
  if (Number(process.versions.node.split('.')[0]) < oldestNode) {
    stop(
      `Shoal needs Node ${oldestNode} or later to install itself; this is ${process.version}. Get one from https://nodejs.org.`,
    );
  }
  let lacking = whatIsMissing();
  if (lacking !== undefined) {
    await oneInstallAtATime(async () => {
      lacking = whatIsMissing();
      if (lacking !== undefined) await install(lacking);
    });
  }
  return pinnedNode();
}

function pinnedNode() {
  return join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

/** One sentence on what does not fit, or undefined. Costs a few milliseconds. */
function whatIsMissing() {
  const wanted = packagesOf(join(root, 'package-lock.json'));
  if (wanted === undefined)
    stop(`package-lock.json is missing or damaged. Get it back with: git checkout package-lock.json`);
  const present = packagesOf(record);
  if (present === undefined) return 'the packages that it is made with';
  for (const [path, entry] of Object.entries(wanted)) {
    if (!path.startsWith('node_modules/')) continue;
    const installed = present[path];
    if (installed === undefined && entry.optional) continue;
    const fits = installed?.version === entry.version && installed?.integrity === entry.integrity;
    const manifest = join(root, entry.link ? path : join(path, 'package.json'));
    if (!fits || !existsSync(manifest)) return `the package ${path.slice('node_modules/'.length)}`;
  }
  const version = wanted['node_modules/node'].version;
  const node = spawnSync(pinnedNode(), ['--version'], { encoding: 'utf8' });
  if (node.stdout?.trim() !== `v${version}`) return `Node ${version}`;
  return undefined;
}

function packagesOf(lockFile) {
  try {
    return JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

async function install(lacking) {
  process.stderr.write(`Installing what Shoal needs (${lacking} is missing; once, a minute or so) … `);
  const began = Date.now();
  rmSync(record, { force: true });
  const { code, signal, output } = await npmCi();
  if (signal !== null)
    stop('interrupted. Run the same command again to go on.', 128 + constants.signals[signal]);
  const still = code === 0 ? whatIsMissing() : lacking;
  if (still === undefined) {
    process.stderr.write(`done in ${Math.round((Date.now() - began) / 1000)} s.\n`);
    return;
  }
  process.stderr.write('failed.\n');
  const unreachable =
    /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT)\b/.exec(
      output,
    );
  if (unreachable) {
    stop(
      `Shoal cannot start yet: ${still} is not installed, and npm's registry cannot be reached (${unreachable[1]}).\n` +
        'Connect this machine to the network, or name a proxy or a mirror (npm config set proxy URL, npm config set registry URL), and run the same command again.',
    );
  }
  if (/\bENOSPC\b/.test(output)) {
    stop(
      `The disk is full: ${still} could not be installed. Free about 1 GB under ${root} and run the same command again.`,
    );
  }
  if (/\b(EACCES|EPERM|EROFS)\b/.test(output)) {
    stop(
      `${still} could not be installed: this user may not write to ${modules} or to npm's cache. Change their owner, or copy this folder to one of yours.`,
    );
  }
  const reasons = output
    .split('\n')
    .filter((line) => /^npm (error|ERR!)/i.test(line) && !/A complete log/.test(line));
  stop(
    `Shoal cannot start yet: ${still} could not be installed.\n${reasons.slice(0, 6).join('\n')}\n` +
      (code === 0
        ? 'npm may have been told not to run install scripts (ignore-scripts): Node is installed by one.\n'
        : '') +
      `To see all of it, run: npm ci (in ${root})`,
  );
}

/** Quick retries, so that a machine without a network hears so within seconds. */
function npmCi() {
  const args = [
    'ci',
    '--include=dev',
    '--include=optional',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    '--no-progress',
  ];
  args.push('--fetch-retries=2', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=4000');
  const npmScript = process.env.npm_execpath;
  const isNpm = npmScript !== undefined && /npm-cli\.c?js$/.test(npmScript);
  const node = process.env.npm_node_execpath ?? process.execPath;
  const [command, shell] = isNpm ? [node, false] : ['npm', process.platform === 'win32'];
  const child = spawn(command, isNpm ? [npmScript, ...args] : args, {
    cwd: root,
    shell,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  let signal = null;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(name, () => {
      signal = name;
      child.kill(name);
    });
  }
  return new Promise((resolve) => {
    child.on('error', (error) =>
      resolve({ code: 1, signal, output: `npm error ${error.message}: npm itself was not found.` }),
    );
    child.on('close', (code) => resolve({ code, signal, output }));
  }).finally(() => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(name);
  });
}

/** Two commands started at once on a bare machine must not install over each other. */
async function oneInstallAtATime(work) {
  for (let waited = false; ; waited = true) {
    try {
      writeFileSync(installLock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST')
        stop(`This folder cannot be written to (${error.code}): ${root}. Shoal installs its packages there.`);
    }
    if (!holderIsAlive()) rmSync(installLock, { force: true });
    else if (!waited) process.stderr.write('Waiting for another install in this folder to finish …\n');
    await sleep(200);
  }
  const release = () => rmSync(installLock, { force: true });
  process.on('exit', release);
  await work();
  process.off('exit', release);
  release();
}

function holderIsAlive() {
  try {
    const pid = Number(readFileSync(installLock, 'utf8'));
    if (pid === 0) return Date.now() - statSync(installLock).mtimeMs < 2000;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function stop(message, code = 1) {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}
