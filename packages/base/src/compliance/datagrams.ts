import assert from 'node:assert/strict';
import type { Endpoint } from '../world/address.ts';
import type { DatagramOptions, DatagramSocket } from '../world/datagrams.ts';
import type { WorldError } from '../world/errors.ts';
import type { World } from '../world/world.ts';
import { rejectsWith } from './expect.ts';
import type { WorldPair, WorldTest } from './harness.ts';
import { assertSameBytes, pattern } from './recorder.ts';

interface Received {
  readonly bytes: Uint8Array;
  readonly from: Endpoint;
}

class Mailbox {
  readonly received: Received[] = [];
  readonly closes: (WorldError | undefined)[] = [];
  #wake: (() => void) | undefined;
  declare socket: DatagramSocket;

  static async bind(world: World, options: DatagramOptions): Promise<Mailbox> {
    const mailbox = new Mailbox();
    mailbox.socket = await world.datagrams.bind(options, {
      message(bytes, from) {
        assert.equal(mailbox.closes.length, 0, 'message after close');
        mailbox.received.push({ bytes: bytes.slice(), from });
        mailbox.#wake?.();
      },
      close(error) {
        mailbox.closes.push(error);
        mailbox.#wake?.();
      },
    });
    return mailbox;
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

function bindPair({ a, b, addressA, addressB }: WorldPair): Promise<[Mailbox, Mailbox]> {
  return Promise.all([
    Mailbox.bind(a, { address: addressA, port: 0 }),
    Mailbox.bind(b, { address: addressB, port: 0 }),
  ]);
}

export function testDatagrams(test: WorldTest): void {
  test('datagrams arrive with the endpoint they came from', async (pair) => {
    const [a, b] = await bindPair(pair);
    assert.equal(a.socket.local.address, pair.addressA);
    assert.ok(a.socket.local.port > 0);
    a.socket.send(pattern(100), b.socket.local);
    await b.until(() => b.received.length > 0);
    assert.deepEqual(b.received[0]?.from, a.socket.local);
    assertSameBytes(b.received[0]?.bytes ?? new Uint8Array(), pattern(100));
    b.socket.send(pattern(1400, 2), a.socket.local);
    await a.until(() => a.received.length > 0);
    assertSameBytes(a.received[0]?.bytes ?? new Uint8Array(), pattern(1400, 2));
  });

  test('an empty datagram is a datagram', async (pair) => {
    const [a, b] = await bindPair(pair);
    a.socket.send(new Uint8Array(0), b.socket.local);
    await b.until(() => b.received.length > 0);
    assert.equal(b.received[0]?.bytes.length, 0);
  });

  test('the sender may change its bytes right after send', async (pair) => {
    const [a, b] = await bindPair(pair);
    const bytes = new Uint8Array(100);
    for (let i = 0; i < 50; i++) {
      bytes.fill(i);
      a.socket.send(bytes, b.socket.local);
    }
    await b.until(() => b.received.length === 50);
    const seen = b.received.map(({ bytes: [first] }) => first ?? -1);
    assert.ok(b.received.every((one) => one.bytes.every((byte) => byte === one.bytes[0])));
    assert.equal(new Set(seen).size, 50);
  });

  test('what cannot be sent is lost without a word', async (pair) => {
    const [a, b] = await bindPair(pair);
    const gone = await Mailbox.bind(pair.b, { address: pair.addressB, port: 0 });
    gone.socket.close();
    await gone.until(() => gone.closes.length > 0);
    a.socket.send(pattern(10), gone.socket.local);
    a.socket.send(pattern(10), { address: 'nowhere', port: 5 });
    a.socket.send(pattern(10), { address: pair.addressB, port: 0 });
    a.socket.send(pattern(10), { address: pair.addressB, port: 70_000 });
    a.socket.send(pattern(10), { address: '2001:db8::1', port: 5 });
    a.socket.send(new Uint8Array(70_000), b.socket.local);
    a.socket.send(pattern(10), b.socket.local);
    await b.until(() => b.received.length > 0);
    assert.equal(b.received[0]?.bytes.length, 10);
    assert.equal(a.closes.length, 0);
  });

  test('a socket that was closed tells so once, and then neither sends nor receives', async (pair) => {
    const [a, b] = await bindPair(pair);
    b.socket.close();
    b.socket.close();
    a.socket.send(pattern(10), b.socket.local);
    await b.until(() => b.closes.length > 0);
    b.socket.send(pattern(10), a.socket.local);
    await new Promise<void>((resolve) => void pair.a.clock.setTimer(10, resolve));
    assert.deepEqual(b.closes, [undefined]);
    assert.equal(a.received.length + b.received.length, 0);
  });

  test('a port is bound by one socket, unless all of them share it', async ({ a, addressA }) => {
    const alone = await Mailbox.bind(a, { address: addressA, port: 0 });
    await rejectsWith('address-in-use', Mailbox.bind(a, { ...alone.socket.local }));
    const first = await Mailbox.bind(a, { address: '0.0.0.0', port: 0, shared: true });
    const { port } = first.socket.local;
    const second = await Mailbox.bind(a, { address: '0.0.0.0', port, shared: true });
    assert.equal(second.socket.local.port, port);
  });

  test('what is not an address or a port is invalid', async ({ a, addressA }) => {
    await rejectsWith('invalid', Mailbox.bind(a, { address: 'nowhere', port: 0 }));
    await rejectsWith('invalid', Mailbox.bind(a, { address: addressA, port: 65536 }));
    await rejectsWith('address-unavailable', Mailbox.bind(a, { address: '192.0.2.77', port: 0 }));
  });

  test('a multicast datagram reaches those who joined its group, until they leave', async (pair) => {
    const { a, b, addressA, addressB } = pair;
    const group = '239.192.152.143';
    const sender = await Mailbox.bind(a, { address: addressA, port: 0 });
    const listener = await Mailbox.bind(b, { address: '0.0.0.0', port: 0, shared: true });
    const to = { address: group, port: listener.socket.local.port };
    sender.socket.setMulticast({ ttl: 1, loopback: true, interface: addressA });
    listener.socket.join(group, addressB);
    sender.socket.send(pattern(50), to);
    await listener.until(() => listener.received.length > 0);
    assert.deepEqual(listener.received[0]?.from, sender.socket.local);
    listener.socket.leave(group, addressB);
    sender.socket.send(pattern(60), to);
    sender.socket.send(pattern(70), { address: addressB, port: to.port });
    await listener.until(() => listener.received.length > 1);
    assert.equal(listener.received[1]?.bytes.length, 70);
  });
}
