// Real clients on the other side, in the clear and with encryption forced: dialled, and dialling us.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeBencode, type World } from '@shoal/base';
import { createNodeWorld } from '@shoal/base/node';
import {
  type Accepted,
  type Channel,
  createTcpTransport,
  type EncryptionPolicy,
  TransportError,
} from '@shoal/transport';
import {
  Conduct,
  createHandshakeReader,
  createPeerParser,
  decodeExtendedHandshake,
  decodeMetadataMessage,
  encodeExtendedHandshake,
  encodeMetadataMessage,
  extendedHandshakeId,
  type Handshake,
  handshakeLength,
  ignoringHandlers,
  MetadataAsker,
  ourExtensions,
  writeExtended,
  writeHandshake,
  writeInterested,
  writeRequest,
} from '@shoal/wire';
import { aria2 } from '../../../lab/clients/aria2.ts';
import type { Client, Encryption, PeerTask, RunningPeer } from '../../../lab/clients/client.ts';
import { libtorrent } from '../../../lab/clients/libtorrent.ts';
import { transmission } from '../../../lab/clients/transmission.ts';
import { webtorrent } from '../../../lab/clients/webtorrent.ts';

const content = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 31) ^ (i >> 7));
const info = encodeBencode({
  length: content.length,
  name: 'content',
  'piece length': 32_768,
  pieces: Buffer.concat([0, 32_768, 65_536, 98_304].map((at) => sha1(content.subarray(at, at + 32_768)))),
});
const infoHash = sha1(info);
const ours: Handshake = {
  capabilities: { extensions: true, fast: true, dht: false, v2: false },
  infoHash,
  peerId: new TextEncoder().encode('-SH0100-abcdefghijkl'),
};
const hello = new Uint8Array(handshakeLength);
writeHandshake(hello, 0, ours);

function sha1(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha1').update(bytes).digest());
}

/** Says the extended handshake, and gets the metadata and the last block of what the other side has. */
async function fetchSome(channel: Channel): Promise<{ metadata: Uint8Array; block: Uint8Array }> {
  const reader = createHandshakeReader();
  const block = new Uint8Array(content.length % 16_384);
  let metadata: Uint8Array | undefined;
  let asker: MetadataAsker | undefined;
  let theirId = 0;
  // Whatever a real client says, and in whatever order, is no breach.
  const conduct = new Conduct({
    fast: true,
    extensions: true,
    shape: { pieceCount: 4, pieceLength: 32_768, lengthOfPiece: (piece) => (piece === 3 ? 1696 : 32_768) },
  });

  return new Promise((resolve, reject) => {
    const send = (length: number, write: (buffer: Uint8Array, at: number) => number): void => {
      const buffer = new Uint8Array(length);
      assert.equal(write(buffer, 0), length);
      channel.write(buffer);
    };
    const parser = createPeerParser({
      ...ignoringHandlers,
      unchoke() {
        send(17, (to, at) => writeRequest(to, at, 3, 0, content.length - 98_304));
      },
      have: (piece) => conduct.have(piece),
      bitfield: (bits) => conduct.bitfield(bits),
      blockStart: () => block,
      blockEnd() {
        assert.ok(metadata);
        channel.close();
        resolve({ metadata, block });
      },
      suggest: (piece) => conduct.hint(piece),
      haveAll: () => conduct.haveAllOrNone(),
      haveNone: () => conduct.haveAllOrNone(),
      reject: () => conduct.reject(),
      allowedFast: (piece) => conduct.hint(piece),
      extended(id, payload) {
        conduct.extended();
        if (id === extendedHandshakeId) {
          const { extensions, metadataSize } = decodeExtendedHandshake(payload);
          theirId = extensions.ut_metadata ?? 0;
          asker = new MetadataAsker(metadataSize ?? 0);
          const piece = asker.next() ?? 0;
          const request = encodeMetadataMessage({ kind: 'request', piece });
          send(6 + request.length, (to, at) => writeExtended(to, at, theirId, request));
        } else if (id === ourExtensions.ut_metadata) {
          const message = decodeMetadataMessage(payload);
          assert.ok(message?.kind === 'data');
          asker?.take(message);
          metadata = asker?.metadata;
          send(5, writeInterested);
        }
      },
    });
    channel.start({
      data(bytes) {
        try {
          const taken = reader.handshake === undefined ? reader.push(bytes) : 0;
          if (taken > 0 && reader.handshake !== undefined) {
            assert.deepEqual(reader.handshake.infoHash, infoHash);
            if (channel.isIncoming) channel.write(hello.slice());
            const handshake = encodeExtendedHandshake({ extensions: ourExtensions });
            send(6 + handshake.length, (to, at) => writeExtended(to, at, extendedHandshakeId, handshake));
          }
          parser.push(bytes.subarray(taken));
        } catch (error) {
          reject(error);
        }
      },
      drain() {},
      close: (error) => reject(error ?? new Error('the other side hung up')),
    });
  });
}

/** One client that has the content. */
async function withSeeder(
  client: Client,
  encryption: Encryption,
  options: Pick<PeerTask, 'port' | 'peers'>,
  body: (peer: RunningPeer) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-transport-'));
  const state = join(folder, 'state');
  await mkdir(state);
  await writeFile(join(folder, 'content'), content);
  const torrent = join(folder, 'content.torrent');
  await writeFile(torrent, Buffer.concat([Buffer.from('d4:info'), info, Buffer.from('e')]));
  const peer = client.seed({ torrent, folder, state, address: '127.0.0.1', encryption, ...options });
  try {
    await body(peer);
  } finally {
    // Killed, because some say goodbye to nobody for ten seconds.
    await peer.program.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

const clients = [libtorrent, aria2, transmission, webtorrent];

const meetings: readonly { theirs: Encryption; ours: EncryptionPolicy; expected: 'plain' | 'rc4' }[] = [
  { theirs: 'off', ours: 'prefer-plain', expected: 'plain' },
  { theirs: 'allowed', ours: 'require', expected: 'rc4' },
  { theirs: 'required', ours: 'prefer-plain', expected: 'rc4' },
];

for (const client of clients) {
  const skip = client.missing() ?? false;
  for (const { theirs, ours, expected } of meetings) {
    // Transmission's daemon takes ten seconds to start, so it is met in the hardest way alone.
    if (client === transmission && theirs !== 'required') continue;
    // WebTorrent answers whoever speaks in the clear, whatever it was told.
    const whenDialled = client === webtorrent && ours === 'prefer-plain' ? 'plain' : expected;
    const setting = `${client.name} with encryption ${theirs}`;

    test(`${setting} is dialled (${ours}), and gives us metadata and a block`, { skip }, async () => {
      await withWorld(async (world) => {
        const port = await freePort(world);
        await withSeeder(client, theirs, { port, peers: [] }, async (peer) => {
          await peer.ready;
          const { dial } = createTcpTransport(world, { encryption: ours });
          const address = { kind: 'ip', address: '127.0.0.1', port } as const;
          const channel = await untilListening(world, () => dial(address, { infoHash, hello }));
          assert.equal(channel.encryption, whenDialled);
          assert.deepEqual(await fetchSome(channel), { metadata: info, block: content.slice(98_304) });
        });
      });
    });

    if (!client.takesPeers) continue;
    test(`${setting} dials us (${ours}), and gives us metadata and a block`, { skip }, async () => {
      await withWorld(async (world) => {
        const transport = createTcpTransport(world, { encryption: ours });
        transport.serve(infoHash);
        const accepted = Promise.withResolvers<Accepted>();
        const { port } = await transport.listen({ port: 0, addresses: ['127.0.0.1'] }, accepted.resolve);
        const peers = [{ address: '127.0.0.1', port }];
        await withSeeder(client, theirs, { port: await freePort(world), peers }, async () => {
          const { channel, ...named } = await accepted.promise;
          assert.deepEqual(named.infoHash, expected === 'rc4' ? infoHash : undefined);
          assert.equal(channel.encryption, expected);
          assert.deepEqual(await fetchSome(channel), { metadata: info, block: content.slice(98_304) });
        });
      });
    });
  }
}

/** Some say that they are ready before they are. */
async function untilListening<Value>({ clock }: World, dial: () => Promise<Value>): Promise<Value> {
  const startedMs = clock.nowMs();
  for (;;) {
    try {
      return await dial();
    } catch (error) {
      const isRefused = error instanceof TransportError && error.code === 'network';
      if (!isRefused || clock.nowMs() > startedMs + 20_000) throw error;
      await new Promise<void>((resolve) => void clock.setTimer(50, resolve));
    }
  }
}

async function freePort(world: World): Promise<number> {
  const probe = await world.streams.listen({ address: '127.0.0.1', port: 0 }, (stream) => stream.destroy());
  await probe.close();
  return probe.local.port;
}

async function withWorld(body: (world: World) => Promise<void>): Promise<void> {
  const world = createNodeWorld();
  try {
    await body(world);
  } finally {
    await world.close();
  }
}
