import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concatBytes, fromHex, toHex } from '@shoal/base';
import {
  answerEncryption,
  createKeyring,
  type EncryptedHandshake,
  type EncryptedOutcome,
  type EncryptionMethod,
  initiateEncryption,
  Rc4,
  WireError,
} from '@shoal/wire';
import { encryptionWorld, nodeHashing, seeded } from './seeded.ts';

const infoHash = new Uint8Array(20).fill(0xaa);
const both: EncryptionMethod[] = ['plain', 'rc4'];

function keyringOf(...hashes: Uint8Array[]) {
  const keyring = createKeyring(nodeHashing);
  for (const hash of hashes) keyring.add(hash);
  return keyring;
}

interface Run {
  readonly initiator: EncryptedHandshake;
  readonly responder: EncryptedHandshake;
  /** What followed the handshake on either side, as the other read it. */
  readonly toResponder: Uint8Array;
  readonly toInitiator: Uint8Array;
}

/** Two sides over a pipe that cuts as `seed` says; either sends `later` as soon as it may. */
function run(
  seed: number,
  options: {
    provide?: EncryptionMethod[];
    accept?: EncryptionMethod[];
    initialPayload?: Uint8Array;
    later?: Uint8Array;
  } = {},
): Run {
  const { provide = both, accept = both, initialPayload, later = new Uint8Array() } = options;
  const random = seeded(seed);
  const initiator = initiateEncryption(encryptionWorld(seed + 1), {
    infoHash,
    provide,
    ...(initialPayload === undefined ? {} : { initialPayload }),
  });
  const responder = answerEncryption(encryptionWorld(seed + 2), {
    keyring: keyringOf(new Uint8Array(20), infoHash),
    accept,
  });
  const queues: Record<'toResponder' | 'toInitiator', Uint8Array> = {
    toResponder: initiator.opening,
    toInitiator: responder.opening,
  };
  const received: typeof queues = { toResponder: new Uint8Array(), toInitiator: new Uint8Array() };
  const hasSpoken = new Set<EncryptedHandshake>();

  const deliver = (to: EncryptedHandshake, way: keyof typeof queues, back: keyof typeof queues): void => {
    const count = Math.min(queues[way].length, 1 + random.below(random.below(4) === 0 ? 2000 : 30));
    const part = queues[way].slice(0, count);
    queues[way] = queues[way].slice(count);
    if (count === 0) return;
    if (to.outcome === undefined) {
      queues[back] = concatBytes(queues[back], to.push(part));
      if (to.outcome !== undefined) received[way] = concatBytes(received[way], settled(to).received);
    } else {
      settled(to).ciphers?.receive.transform(part);
      received[way] = concatBytes(received[way], part);
    }
    if (to.outcome !== undefined && !hasSpoken.has(to)) {
      hasSpoken.add(to);
      const words = later.slice();
      settled(to).ciphers?.send.transform(words);
      queues[back] = concatBytes(queues[back], words);
    }
  };
  while (queues.toResponder.length + queues.toInitiator.length > 0) {
    if (random.below(2) === 0) deliver(responder, 'toResponder', 'toInitiator');
    else deliver(initiator, 'toInitiator', 'toResponder');
  }
  return { initiator, responder, ...received };
}

function settled(side: EncryptedHandshake): EncryptedOutcome {
  assert.ok(side.outcome);
  return side.outcome;
}

test('RC4 gives the key stream of RFC 6229 from its offset 1024 on', () => {
  const stream = new Uint8Array(16);
  new Rc4(Uint8Array.of(1, 2, 3, 4, 5)).transform(stream);
  assert.equal(toHex(stream), '30abbcc7c20b01609f23ee2d5f6bb7df');
  const longKey = fromHex('0102030405060708090a0b0c0d0e0f10') ?? new Uint8Array();
  const other = new Uint8Array(20);
  new Rc4(longKey).transform(other, 4);
  assert.equal(toHex(other), '00000000bdf0324e6083dcc6d3cedd3ca8c53c16');
});

test('both sides agree on method and torrent, and read what the other says, in any split', () => {
  const initialPayload = new TextEncoder().encode('initial payload');
  const later = new Uint8Array(300).fill(0x55);
  for (let seed = 0; seed < 60; seed++) {
    for (const [provide, accept, method] of [
      [both, ['plain', 'rc4'], 'plain'],
      [both, ['rc4', 'plain'], 'rc4'],
      [['plain'], ['rc4', 'plain'], 'plain'],
      [both, ['rc4'], 'rc4'],
    ] as [EncryptionMethod[], EncryptionMethod[], EncryptionMethod][]) {
      const result = run(seed, { provide, accept, initialPayload, later });
      for (const side of [result.initiator, result.responder]) {
        assert.equal(settled(side).method, method);
        assert.deepEqual(settled(side).infoHash, infoHash);
        assert.equal(settled(side).ciphers === undefined, method === 'plain');
      }
      assert.deepEqual(result.toResponder, concatBytes(initialPayload, later));
      assert.deepEqual(result.toInitiator, later);
    }
  }
});

test('an initial payload of 65,535 bytes arrives, and a longer one is not sent', () => {
  const initialPayload = new Uint8Array(65_535).fill(3);
  assert.deepEqual(run(5, { initialPayload }).toResponder, initialPayload);
  assert.throws(() => run(5, { initialPayload: new Uint8Array(65_536) }), RangeError);
});

test('a torrent that is not here, or no longer, is told apart', () => {
  const keyring = keyringOf(infoHash);
  keyring.remove(infoHash);
  const initiator = initiateEncryption(encryptionWorld(1), { infoHash, provide: both });
  const responder = answerEncryption(encryptionWorld(2), { keyring, accept: both });
  const answer = initiator.push(responder.push(initiator.opening));
  assert.throws(() => responder.push(answer), { code: 'encryption-unknown-torrent' });
});

test('sides without a common method part', () => {
  assert.throws(() => run(1, { provide: ['plain'], accept: ['rc4'] }), {
    code: 'encryption-no-common-method',
  });
});

test('a peer that chooses what was not offered is refused', () => {
  const initiator = initiateEncryption(encryptionWorld(1), { infoHash, provide: ['rc4'] });
  const offering = initiateEncryption(encryptionWorld(1), { infoHash, provide: both });
  const responder = answerEncryption(encryptionWorld(2), { keyring: keyringOf(infoHash), accept: ['plain'] });
  // The same keys, but the responder sees an offer of both.
  const hello = responder.push(offering.opening);
  initiator.push(hello);
  const choice = responder.push(offering.push(hello));
  assert.throws(() => initiator.push(choice), { code: 'encryption-no-common-method' });
});

test('bytes that never come into step are given up within 512 bytes of padding', () => {
  const noise = new Uint8Array(5000);
  seeded(9).fill(noise);
  for (const side of [
    initiateEncryption(encryptionWorld(1), { infoHash, provide: both }),
    answerEncryption(encryptionWorld(2), { keyring: keyringOf(infoHash), accept: both }),
  ]) {
    let taken = 0;
    assert.throws(
      () => {
        for (const byte of noise) {
          taken++;
          side.push(Uint8Array.of(byte));
        }
      },
      { code: 'encryption-out-of-sync' },
    );
    assert.ok(taken <= 96 + 512 + 20, `${taken} bytes`);
  }
});

test('public keys that make the secret known to all are refused', () => {
  for (const last of [0, 1]) {
    const key = new Uint8Array(96);
    key[95] = last;
    const side = answerEncryption(encryptionWorld(2), { keyring: keyringOf(infoHash), accept: both });
    assert.throws(() => side.push(key), { code: 'encryption-malformed' });
  }
});

test('one changed byte in a handshake ends in an outcome or in an error with a code', () => {
  let refused = 0;
  for (let seed = 0; seed < 150; seed++) {
    const random = seeded(seed);
    const damage = (bytes: Uint8Array): Uint8Array => {
      const changed = bytes.slice();
      const at = random.below(changed.length);
      if (random.below(2) === 0) changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8));
      return changed;
    };
    const initiator = initiateEncryption(encryptionWorld(seed), { infoHash, provide: both });
    const responder = answerEncryption(encryptionWorld(seed + 1), {
      keyring: keyringOf(infoHash),
      accept: both,
    });
    try {
      const hello = responder.push(damage(initiator.opening));
      const request = initiator.push(damage(hello));
      const choice = responder.push(damage(request));
      if (responder.outcome !== undefined) initiator.push(damage(choice));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      refused++;
    }
  }
  assert.ok(refused > 20);
});
