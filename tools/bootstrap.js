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
const longestInstallMs = 30 * 60 * 1000;
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const networkError =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT)\b/;
const cleanInstall = [
  'ci',
  '--include=dev',
  '--include=optional',
  '--engine-strict=false',
  '--no-audit',
  '--no-fund',
];

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
  const version = wanted['node_modules/node'].version;
  if (present === undefined) return `Node ${version} and every package`;
  for (const [path, entry] of Object.entries(wanted)) {
    // A workspace that is not in this tree is nothing to install.
    if (!path.startsWith('node_modules/') || (entry.link && !existsSync(join(root, entry.resolved))))
      continue;
    const installed = present[path];
    if (installed === undefined && entry.optional) continue;
    const fits = installed?.version === entry.version && installed?.integrity === entry.integrity;
    const manifest = join(root, entry.link ? path : join(path, 'package.json'));
    if (!fits || !existsSync(manifest)) return `package ${path.slice('node_modules/'.length)}`;
  }
  return nodeTrouble(version) === undefined ? undefined : `Node ${version}`;
}

/** Why the pinned Node does not run; undefined where it does. */
function nodeTrouble(version) {
  const { stdout, stderr, error } = spawnSync(pinnedNode(), ['--version'], { encoding: 'utf8' });
  if (stdout?.trim() === `v${version}`) return undefined;
  return stderr?.trim().split('\n')[0] || error?.message || `it says that it is ${stdout.trim()}`;
}

function packagesOf(lockFile) {
  try {
    return JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

async function install(lacking) {
  process.stderr.write(`Installing what Shoal needs, which takes a minute or so (missing: ${lacking}) … `);
  const began = Date.now();
  rmSync(record, { force: true });
  const reach = await npm(['view', 'node', 'name', '--fetch-retries=0', '--prefer-online']);
  const unreachable = networkError.exec(reach.output)?.[0];
  // Without a network npm's cache may still hold all of it.
  const { code, output } = await npm([...cleanInstall, unreachable ? '--offline' : '--prefer-offline']);
  if (code === 0) await mendNode();
  const still = code === 0 ? whatIsMissing() : lacking;
  if (still === undefined) {
    process.stderr.write(`done in ${Math.round((Date.now() - began) / 1000)} s.\n`);
    return;
  }
  process.stderr.write(`failed.\n`);
  stop(whyNotInstalled(still, code, output, unreachable ?? networkError.exec(output)?.[0]));
}

/**
 * Node's own binary needs libatomic, which small images of Linux lack. A Node that cannot run is removed, since npm
 * puts it on the path before the one that could say so.
 */
async function mendNode() {
  if (!existsSync(pinnedNode())) return;
  const { version } = packagesOf(record)['node_modules/node'];
  let trouble = nodeTrouble(version);
  if (trouble?.includes('libatomic') && process.getuid?.() === 0) {
    const aptGet = (...args) => spawnSync('apt-get', ['-qq', ...args], { stdio: 'ignore' });
    process.stderr.write('and libatomic1 with apt-get … ');
    aptGet('update');
    aptGet('install', '--yes', '--no-install-recommends', 'libatomic1');
    trouble = nodeTrouble(version);
  }
  if (trouble === undefined) return;
  rmSync(pinnedNode());
  const hint = trouble.includes('libatomic')
    ? 'Install that library (Debian and Ubuntu: apt-get install libatomic1; Fedora: dnf install libatomic) and run the same command again.'
    : 'Shoal needs a system that Node 26 is made for: a current macOS, Windows, or Linux with glibc 2.28 or later.';
  process.stderr.write('failed.\n');
  stop(`Node ${version}, which Shoal runs on, is installed but does not run here: ${trouble}.\n${hint}`);
}

function whyNotInstalled(lacking, code, output, unreachable) {
  const failure = `Shoal cannot run yet (missing: ${lacking}): `;
  if (unreachable) {
    return (
      `${failure}npm's registry cannot be reached (${unreachable}).\n` +
      'Connect this machine to the network, or tell npm of a proxy or a mirror (npm config set proxy URL, npm config set registry URL), ' +
      'and run the same command again. Or copy node_modules from a machine of the same kind where this command has run.'
    );
  }
  if (/\bENOSPC\b/.test(output))
    return `${failure}the disk is full. Free about 1 GB and run the same command again.`;
  if (/\b(EACCES|EPERM|EROFS)\b/.test(output)) {
    return `${failure}this user may not write to ${modules} or to npm's cache. Change their owner, or clone to a folder of your own.`;
  }
  if (code === 0) {
    return `${failure}npm left it out. It may have been told to run no install scripts (ignore-scripts); Node 26 is installed by one: npm rebuild node --ignore-scripts=false`;
  }
  const said = output
    .split('\n')
    .filter((line) => /^npm (error|ERR!) ./i.test(line) && !line.includes('complete log'));
  return `${failure}npm failed.\n${said.slice(0, 6).join('\n')}\nTo see all of it, run \`npm ci\` in ${root}.`;
}

/** Runs the npm that runs us, or the one on the path, and hands it what interrupts us. */
function npm(args) {
  const script = process.env.npm_execpath ?? '';
  const isNpm = /npm-cli\.c?js$/.test(script);
  const command = isNpm ? (process.env.npm_node_execpath ?? process.execPath) : 'npm';
  const child = spawn(command, [...(isNpm ? [script] : []), ...args, '--loglevel=error'], {
    cwd: root,
    shell: !isNpm && process.platform === 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  let interruption;
  const passOn = (signal) => {
    interruption ??= signal;
    child.kill(signal);
  };
  for (const signal of signals) process.on(signal, passOn);
  return new Promise((resolve) => {
    child.on('error', ({ message }) =>
      resolve({ code: 1, output: `npm error npm cannot be run: ${message}` }),
    );
    child.on('close', (code) => {
      for (const signal of signals) process.off(signal, passOn);
      if (interruption === undefined) resolve({ code, output });
      else stop('interrupted.\nRun the same command again to go on.', 128 + constants.signals[interruption]);
    });
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
    // The holder may be about to write its number; and a number that is very old may be somebody else's by now.
    const ageMs = Date.now() - statSync(installLock).mtimeMs;
    const pid = Number(readFileSync(installLock, 'utf8'));
    if (pid === 0 || ageMs > longestInstallMs) return ageMs < 2000;
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
