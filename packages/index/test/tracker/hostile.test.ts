// Packets that no honest client sends, to the UDP port of an index: each is answered in words that stay the same or not at
// all, and harms nobody.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toLatin1 } from '@shoal/base';
import type { SimHost } from '@shoal/sim';
import { announcePath, ask, startIndex } from './asking.ts';

const to = { address: '9.0.0.1', port: 6969 };
const connectPacket = Uint8Array.of(0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80, 0, 0, 0, 0, 1, 2, 3, 4);

interface Answer {
  readonly action: number;
  readonly text: string;
  readonly length: number;
}

async function setUp() {
  const started = await startIndex();
  const { simulation } = started;
  async function openAt(host: SimHost) {
    const came: Uint8Array[] = [];
    const socket = await simulation.settle(
      host.world.datagrams.bind(
        { address: host.address, port: 0 },
        { message: (bytes) => void came.push(bytes.slice()), close() {} },
      ),
    );
    /** Undefined where nothing is answered. */
    async function send(packet: Uint8Array): Promise<Answer | undefined> {
      came.length = 0;
      socket.send(packet, to);
      await simulation.advance(500);
      const [bytes] = came;
      assert.ok(came.length <= 1);
      return bytes && { action: bytes[3] ?? -1, text: toLatin1(bytes.subarray(8)), length: bytes.length };
    }
    async function connect(): Promise<Uint8Array> {
      came.length = 0;
      socket.send(connectPacket, to);
      await simulation.run(() => came.length > 0);
      return came[0]?.slice(8, 16) ?? new Uint8Array(8);
    }
    return { send, connect };
  }
  return { ...started, openAt };
}

function announcePacket(id: Uint8Array, change: (view: DataView) => void = () => {}): Uint8Array {
  const packet = new Uint8Array(98);
  packet.set(id);
  const view = new DataView(packet.buffer);
  view.setUint32(8, 1);
  view.setUint32(12, 77);
  packet.fill(5, 16, 36);
  packet.fill(0x61, 36, 56);
  view.setUint32(68, 1_000);
  view.setInt32(92, -1);
  view.setUint16(96, 6_881);
  change(view);
  return packet;
}

test('a packet with a wrong, foreign or old connection id is refused, and one that is too short is not answered', async () => {
  const { addHost, simulation, openAt } = await setUp();
  const [a, b] = [await openAt(addHost()), await openAt(addHost())];
  const id = await a.connect();
  assert.equal((await a.send(announcePacket(id)))?.action, 1);
  const refused = async (who: typeof a, packet: Uint8Array) => {
    const answer = await who.send(packet);
    assert.equal(answer?.action, 3);
    // A forged sender is sent no more than it sent.
    assert.ok((answer?.length ?? 0) <= packet.length);
    return answer?.text;
  };
  const words = 'connection id expired';
  assert.equal(await refused(a, announcePacket(new Uint8Array(8))), words);
  for (const wrong of [id.map((byte) => byte ^ 1), id.toReversed(), new Uint8Array(8).fill(255)])
    assert.equal(await refused(a, announcePacket(wrong)), words);
  // Another's id is nobody else's.
  assert.equal(await refused(b, announcePacket(id)), words);
  for (const length of [0, 1, 15, 16, 35, 97]) {
    const answer = await a.send(announcePacket(id).subarray(0, length));
    assert.ok(answer === undefined || answer.length <= Math.max(length, 16), `${length}`);
    assert.notEqual(answer?.action, 1);
  }
  assert.equal(await a.send(announcePacket(id, (view) => view.setUint32(8, 99))), undefined);
  await simulation.advance(10 * 60_000);
  assert.equal(await refused(a, announcePacket(id)), words);
  assert.equal((await a.send(announcePacket(await a.connect())))?.action, 1);
});

test('foreign addresses, port 0, absurd numbers and events over UDP make nobody else a peer', async () => {
  const { addHost, simulation, openAt } = await setUp();
  const { send, connect } = await openAt(addHost());
  const id = await connect();
  const foreign = await send(announcePacket(id, (view) => view.setUint32(84, 0x08_08_08_08)));
  assert.equal(foreign?.action, 1);
  const portless = await send(announcePacket(id, (view) => view.setUint16(96, 0)));
  assert.deepEqual([portless?.action, portless?.text], [3, 'port must be a number from 1 to 65535']);
  for (const numwant of [1_000_000_000, 0x7fff_ffff, -0x8000_0000, 0]) {
    const answer = await send(announcePacket(id, (view) => view.setInt32(92, numwant)));
    assert.equal(answer?.action, 1, `${numwant}`);
    assert.ok((answer?.length ?? 0) <= 1_232);
  }
  for (const change of [
    (view: DataView) => view.setUint32(80, 0xffff_ffff),
    (view: DataView) => view.setBigUint64(56, 0xffff_ffff_ffff_ffffn),
    (view: DataView) => view.setBigUint64(64, 0xffff_ffff_ffff_ffffn),
    (view: DataView) => view.setBigUint64(72, 0xffff_ffff_ffff_ffffn),
  ]) {
    const answer = await send(announcePacket(id, change));
    assert.ok(answer?.action === 1 || answer?.action === 3);
  }
  const long = new Uint8Array(1_400);
  long.set(announcePacket(id));
  // Options that never end (BEP 41).
  long.fill(2, 98);
  const answer = await send(long);
  assert.ok(answer?.action === 1 || answer?.action === 3);
  // Whoever asks is told of one peer at most, and that is where the packets came from.
  const other = addHost();
  const { root } = await ask(simulation, other.world, announcePath('&compact=1'));
  const peers = root.get('peers')?.asBytes() ?? new Uint8Array(0);
  assert.equal(peers.length, 6);
  assert.deepEqual([...peers.subarray(0, 2)], [9, 0]);
});
