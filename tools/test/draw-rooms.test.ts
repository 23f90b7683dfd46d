import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { drawRooms } from '../draw-rooms.ts';

test('docs/rooms.svg shows the rooms as they are; draw it again with `npm run draw`', () => {
  const root = join(import.meta.dirname, '../..');
  assert.equal(drawRooms(root), readFileSync(join(root, 'docs/rooms.svg'), 'utf8'));
});
