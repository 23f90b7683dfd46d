// What the single-file executable starts with: its package is unpacked into a folder of the user's, once for each build,
// and run from there, so that worker threads and pages are files as everywhere. Plain JavaScript, with what Node has.

const { mkdirSync, lstatSync, renameSync, rmSync, writeFileSync, existsSync, chmodSync } = require('node:fs');
const { createRequire, enableCompileCache } = require('node:module');
const { homedir, tmpdir } = require('node:os');
const { dirname, join } = require('node:path');
const { getRawAsset } = require('node:sea');
const { brotliDecompressSync } = require('node:zlib');

/** Which build this is. */
const name = Buffer.from(getRawAsset('name')).toString();
const folder = unpacked();
enableCompileCache(join(folder, '.code'));
createRequire(join(folder, 'start.cjs'))('./start.cjs');

function unpacked() {
  const failures = [];
  for (const parent of places()) {
    try {
      mkdirSync(parent, { recursive: true, mode: 0o700 });
      const place = join(parent, name);
      if (!existsSync(place)) unpackInto(place);
      if (isOurs(place)) return place;
      failures.push(`${place} is somebody else's`);
    } catch (error) {
      failures.push(error.message);
    }
  }
  process.stderr.write(`error: There is no folder to unpack into: ${failures.join('; ')}.\n`);
  process.exit(1);
}

function places() {
  const { XDG_CACHE_HOME: cache } = process.env;
  const usual = cache?.startsWith('/') ? cache : join(homedir(), '.cache');
  return [join(usual, 'shoal'), join(tmpdir(), `shoal-${process.getuid()}`)];
}

/** Nobody else may have put it there, or may change what is in it. */
function isOurs(place) {
  const { uid, mode } = lstatSync(place);
  return uid === process.getuid() && (mode & 0o40077) === 0o40000;
}

/** Whole or not at all, whoever else does the same at this moment. */
function unpackInto(place) {
  const unfinished = `${place}.${process.pid}`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  try {
    const archive = brotliDecompressSync(getRawAsset('files'));
    const listLength = archive.readUInt32LE(0);
    let at = 4 + listLength;
    const folders = new Set();
    for (const [path, length, mode] of JSON.parse(archive.toString('utf8', 4, at))) {
      const file = join(unfinished, path);
      if (!folders.has(dirname(file))) mkdirSync(dirname(file), { recursive: true });
      folders.add(dirname(file));
      writeFileSync(file, archive.subarray(at, at + length));
      if (mode !== 0o644) chmodSync(file, mode);
      at += length;
    }
    renameSync(unfinished, place);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(place)) throw error;
  }
}
