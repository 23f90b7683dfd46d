// Assertions in the words of the World.

import assert from 'node:assert/strict';
import { WorldError, type WorldErrorCode } from '../world/errors.ts';

export async function rejectsWith(code: WorldErrorCode, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof WorldError, `not a WorldError: ${String(error)}`);
    assert.equal(error.code, code, error.message);
    assert.notEqual(error.message, '');
    return true;
  });
}
