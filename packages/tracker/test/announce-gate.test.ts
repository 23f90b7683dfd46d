import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnnounceGate } from '../src/announce-gate.ts';
import { mostAnnouncesPerTracker } from '../src/bounds.ts';

test('a tracker is asked a few things at a time, those first that want peers, and a silent one holds up nobody else', async () => {
  const gate = new AnnounceGate();
  const open: (() => void)[] = [];
  const begun: string[] = [];
  const ask = (host: string, name: string, isUrgent: boolean, signal?: AbortSignal) =>
    gate.run(host, isUrgent, signal, () => {
      begun.push(name);
      return new Promise<void>((resolve) => open.push(resolve));
    });
  const all = Array.from({ length: mostAnnouncesPerTracker }, (_, i) => ask('silent', `first ${i}`, false));
  const patience = new AbortController();
  const givenUp = ask('silent', 'given up', true, patience.signal);
  all.push(ask('silent', 'patient', false), ask('silent', 'urgent', true), ask('other', 'elsewhere', false));
  await Promise.resolve();
  assert.equal(begun.length, mostAnnouncesPerTracker + 1);
  assert.equal(begun.at(-1), 'elsewhere');
  patience.abort();
  await assert.rejects(givenUp, { code: 'aborted' });
  for (let i = 0; i < 20; i++) {
    open.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(all);
  assert.deepEqual(begun.slice(-2), ['urgent', 'patient']);
});
