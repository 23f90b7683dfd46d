// A real client on the other side, in the clear and with encryption forced: dialled, and dialling us.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeBencode, type World } from '@shoal/base';
import { createNodeWorld } from '@shoal/base/node';
import { type Accepted, type Channel, createTcpTransport } from '@shoal/transport';
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
import type { Encryption, PeerTask, RunningPeer } from '../../../lab/clients/client.ts';
import { libtorrent } from '../../../lab/clients/libtorrent.ts';

const missing = libtorrent.missing();
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
      choke: () => conduct.spoke(),
      unchoke() {
        conduct.spoke();
        send(17, (to, at) => writeRequest(to, at, 3, 0, content.length - 98_304));
      },
      interested: () => conduct.spoke(),
      notInterested: () => conduct.spoke(),
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
          const { extensions, metadataSize, client } = decodeExtendedHandshake(payload);
          assert.match(client ?? '', /libtorrent/);
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
      close: (error) => reject(error ?? new Error('libtorrent hung up')),
    });
  });
}

/** One libtorrent that has the content. */
async function withSeeder(
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
  const peer = libtorrent.seed({ torrent, folder, state, address: '127.0.0.1', encryption, ...options });
  try {
    await body(peer);
  } finally {
    await peer.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

const cases = [
  { encryption: 'off', expected: 'plain' },
  { encryption: 'required', expected: 'rc4' },
] as const;

for (const { encryption, expected } of cases) {
  test(`libtorrent with encryption ${encryption} gives us metadata and a block when we dial it`, {
    skip: missing ?? false,
  }, async () => {
    await withWorld(async (world) => {
      const probe = await world.streams.listen({ address: '127.0.0.1', port: 0 }, () => {});
      const { port } = probe.local;
      await probe.close();
      await withSeeder(encryption, { port, peers: [] }, async (peer) => {
        await peer.ready;
        const { dial } = createTcpTransport(world);
        const channel = await dial({ kind: 'ip', address: '127.0.0.1', port }, { infoHash, hello });
        assert.equal(channel.encryption, expected);
        assert.deepEqual(await fetchSome(channel), { metadata: info, block: content.slice(98_304) });
      });
    });
  });

  test(`libtorrent with encryption ${encryption} dials us, and gives us metadata and a block`, {
    skip: missing ?? false,
  }, async () => {
    await withWorld(async (world) => {
      const transport = createTcpTransport(world);
      transport.serve(infoHash);
      const accepted = Promise.withResolvers<Accepted>();
      const { port } = await transport.listen({ port: 0, addresses: ['127.0.0.1'] }, accepted.resolve);
      await withSeeder(encryption, { port: 0, peers: [{ address: '127.0.0.1', port }] }, async () => {
        const { channel, ...named } = await accepted.promise;
        assert.deepEqual(named.infoHash, encryption === 'required' ? infoHash : undefined);
        assert.equal(channel.encryption, expected);
        assert.deepEqual(await fetchSome(channel), { metadata: info, block: content.slice(98_304) });
      });
    });
  });
}

async function withWorld(body: (world: World) => Promise<void>): Promise<void> {
  const world = createNodeWorld();
  try {
    await body(world);
  } finally {
    await world.close();
  }
}
