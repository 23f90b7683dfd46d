// Who checks the signatures of many records at once.

import type { UnverifiedRecord } from '@shoal/identity';

export interface SignatureThreads {
  /** An answer for each, in their order. Rejects with an IndexError when a thread has ended. */
  check(records: readonly Pick<UnverifiedRecord, 'bytes' | 'key'>[]): Promise<readonly boolean[]>;
  close(): Promise<void>;
}
