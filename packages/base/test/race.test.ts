import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstToConnect } from '../src/node/race.ts';

const none = { signal: undefined, discard: () => assert.fail('nothing came late') };

/** Never answers, until it is aborted. */
function silent(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}

test('the first address is taken when it answers, and no other is tried', async () => {
  const tried: string[] = [];
  const connect = async (address: string) => {
    tried.push(address);
    return address;
  };
  assert.equal(await firstToConnect(['one', 'two'], connect, none), 'one');
  assert.deepEqual(tried, ['one']);
});

test('an address that fails hands on to the next at once', async () => {
  const connect = async (address: string) => {
    if (address !== 'three') throw new Error(address);
    return address;
  };
  assert.equal(await firstToConnect(['one', 'two', 'three'], connect, none), 'three');
});

test('an address that does not answer is overtaken and aborted', async () => {
  let abandoned: AbortSignal | undefined;
  const connect = (address: string, signal: AbortSignal): Promise<string> => {
    if (address === 'two') return Promise.resolve(address);
    abandoned = signal;
    return silent(signal);
  };
  assert.equal(await firstToConnect(['one', 'two'], connect, none), 'two');
  assert.equal(abandoned?.aborted, true);
});

test('when all fail, the first failure is told', async () => {
  const connect = (address: string) => Promise.reject(new Error(address));
  await assert.rejects(firstToConnect(['one', 'two'], connect, none), /one/);
  await assert.rejects(firstToConnect([], connect, none), { code: 'name-not-found' });
});

test('a connection that comes after the winner is discarded', async () => {
  const slow = Promise.withResolvers<string>();
  const discarded = Promise.withResolvers<string>();
  const connect = (address: string) => (address === 'one' ? slow.promise : Promise.resolve(address));
  const options = { signal: undefined, discard: discarded.resolve };
  assert.equal(await firstToConnect(['one', 'two'], connect, options), 'two');
  slow.resolve('one');
  assert.equal(await discarded.promise, 'one');
});

test('an abort from outside reaches every attempt', async () => {
  const controller = new AbortController();
  const racing = firstToConnect(['one', 'two'], (_, signal) => silent(signal), {
    ...none,
    signal: controller.signal,
  });
  controller.abort(new Error('enough'));
  await assert.rejects(racing, /enough/);
});
