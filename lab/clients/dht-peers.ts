// DHT nodes that others wrote, behind one face: libtorrent in a Python process, and npm's bittorrent-dht in this one.

import { spawn, spawnSync } from 'node:child_process';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Endpoint } from '@shoal/base';
import { identityFromSeed } from '@shoal/identity';
import BittorrentDht from 'bittorrent-dht';

export interface MutableItem {
  /** 32 bytes, of which the key pair is made. */
  readonly seed: Uint8Array;
  readonly salt: string;
}

/** Questions are asked once: the caller asks again until the network has settled. */
export interface DhtPeer {
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
  /** Yields the port that is announced: libtorrent only announces its own. */
  announce(infoHash: Uint8Array, port: number): Promise<number>;
  peers(infoHash: Uint8Array): Promise<readonly Endpoint[]>;
  /** How many nodes keep it. */
  put(value: string, mutable?: MutableItem): Promise<number>;
  get(target: Uint8Array, mutable?: MutableItem): Promise<string | undefined>;
  close(): Promise<void>;
}

/** libtorrent is silent about a lookup for peers that found none. */
const patienceMs = 2_000;

const python = '/usr/bin/python3';
const script = join(import.meta.dirname, 'libtorrent_dht.py');

export function missingLibtorrent(): string | undefined {
  const isThere = spawnSync(python, ['-c', 'import libtorrent']).status === 0;
  return isThere ? undefined : 'python3-libtorrent not installed';
}

export interface LibtorrentDht extends DhtPeer {
  samples(of: Endpoint): Promise<readonly string[]>;
}

/** The system chooses the port, the same one for all addresses. `prefix` stands before the command. */
export async function startLibtorrentDht(
  addresses: readonly string[],
  bootstrap: readonly Endpoint[],
  prefix: readonly string[] = [],
): Promise<LibtorrentDht> {
  const listen = addresses.map((address) => (address.includes(':') ? `[${address}]:0` : `${address}:0`));
  const [command = python, ...words] = [...prefix, python, script, JSON.stringify({ listen })];
  const child = spawn(command, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting = new Map<number, (answer: Record<string, unknown>) => void>();
  let next = 1;
  const ready = Promise.withResolvers<number>();
  child.once('close', () => ready.reject(new Error('libtorrent ended before it was ready')));
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer: { id?: number; event?: string; port?: number } = JSON.parse(line);
    if (answer.event === 'ready') ready.resolve(answer.port ?? 0);
    const settle = waiting.get(answer.id ?? 0);
    waiting.delete(answer.id ?? 0);
    settle?.({ ...answer });
  });
  const ask = (what: string, fields: object = {}): Promise<Record<string, unknown>> => {
    const id = next++;
    child.stdin.write(`${JSON.stringify({ id, do: what, ...fields })}\n`);
    return new Promise((resolve) => {
      waiting.set(id, resolve);
      setTimeout(() => resolve({}), patienceMs).unref();
    });
  };
  const port = await ready.promise;
  for (const entrance of bootstrap) await ask('add', entrance);
  return {
    name: 'libtorrent',
    endpoints: addresses.map((address) => ({ address, port })),
    async announce(infoHash) {
      return Number((await ask('announce', { hash: hexOf(infoHash) })).port);
    },
    async peers(infoHash) {
      const { peers } = await ask('peers', { hash: hexOf(infoHash) });
      return Array.isArray(peers)
        ? peers.map(([address, at]) => ({ address: String(address), port: Number(at) }))
        : [];
    },
    async put(value, mutable) {
      const answer = await (mutable === undefined
        ? ask('put', { value })
        : ask('putMutable', { value, salt: mutable.salt, ...expandedKey(mutable.seed) }));
      return Number(answer.stored ?? 0);
    },
    async get(target, mutable) {
      const answer = await (mutable === undefined
        ? ask('get', { target: hexOf(target) })
        : ask('getMutable', { salt: mutable.salt, key: identityFromSeed(mutable.seed).id }));
      return typeof answer.value === 'string' && answer.value !== '' ? answer.value : undefined;
    },
    async samples({ address, port: at }) {
      const { samples } = await ask('sample', { address, port: at, target: '00'.repeat(20) });
      return Array.isArray(samples) ? samples.map(String) : [];
    },
    async close() {
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    },
  };
}

/** libtorrent takes the hashed and clamped form of the secret key (RFC 8032, 5.1.5). */
function expandedKey(seed: Uint8Array): { secret: string; key: string } {
  const hash = createHash('sha512').update(seed).digest();
  hash[0] = (hash[0] ?? 0) & 0xf8;
  hash[31] = ((hash[31] ?? 0) & 0x3f) | 0x40;
  return { secret: hash.toString('hex'), key: identityFromSeed(seed).id };
}

/** ASN.1 in front of a raw public key (RFC 8410). */
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');

export async function startNpmDht(address: string, bootstrap: readonly Endpoint[]): Promise<DhtPeer> {
  const dht = new BittorrentDht({
    bootstrap: bootstrap.map((node) => `${node.address}:${node.port}`),
    verify: (signature, message, key) =>
      verify(
        null,
        message,
        createPublicKey({ key: Buffer.concat([spkiPrefix, key]), format: 'der', type: 'spki' }),
        signature,
      ),
  });
  let onPeer: (peer: Endpoint, infoHash: Buffer) => void = () => {};
  dht.on('peer', ({ host, port }, infoHash) => onPeer({ address: host, port }, infoHash));
  const isReady = new Promise<void>((resolve) => dht.on('ready', () => resolve()));
  await new Promise<void>((resolve) => dht.listen(0, address, resolve));
  await isReady;
  return {
    name: 'bittorrent-dht',
    endpoints: [{ address, port: dht.address().port }],
    announce: (infoHash, port) =>
      new Promise((resolve, reject) => {
        dht.announce(Buffer.from(infoHash), port, (error) =>
          error === null ? resolve(port) : reject(error),
        );
      }),
    peers: (infoHash) =>
      new Promise((resolve) => {
        const found: Endpoint[] = [];
        onPeer = (peer, hash) => {
          if (hash.equals(infoHash)) found.push(peer);
        };
        dht.lookup(Buffer.from(infoHash), () => resolve(found));
      }),
    put: (value, mutable) =>
      new Promise((resolve, reject) => {
        const v = Buffer.from(value);
        const item = mutable === undefined ? { v } : { v, seq: 1, ...mutableFields(mutable) };
        dht.put(item, (error, _hash, stored) => (error === null ? resolve(stored) : reject(error)));
      }),
    get: (target, mutable) =>
      new Promise((resolve, reject) => {
        const salt = mutable === undefined ? {} : { salt: Buffer.from(mutable.salt) };
        dht.get(Buffer.from(target), { ...salt, cache: false }, (error, found) =>
          error === null ? resolve(found?.v.toString()) : reject(error),
        );
      }),
    close: () => new Promise((resolve) => dht.destroy(resolve)),
  };
}

function mutableFields({ seed, salt }: MutableItem) {
  const { publicKey, sign } = identityFromSeed(seed);
  return {
    k: Buffer.from(publicKey),
    salt: Buffer.from(salt),
    sign: (message: Buffer) => Buffer.from(sign(message)),
  };
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
