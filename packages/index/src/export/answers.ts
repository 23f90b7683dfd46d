// What another index answers in JSON, with nothing believed of it.

import { fromUtf8 } from '@shoal/base';
import { IndexError } from '../errors.ts';

export function jsonIn(bytes: Uint8Array): Record<string, unknown> {
  try {
    return fieldsOf(JSON.parse(fromUtf8(bytes) ?? ''));
  } catch {
    throw strange();
  }
}

export function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

export function strange(): IndexError {
  return new IndexError('invalid', 'The index that is followed answers as none does.');
}
