export { clockToleranceSeconds, latestSeconds, longestRecord } from './bounds.ts';
export { IdentityError, type IdentityErrorCode } from './errors.ts';
export { type OpenedIdentity, type OpenIdentityOptions, openIdentity } from './key-file.ts';
export { type Identity, identityFromSeed, verifySignature } from './keys.ts';
export {
  checkTimes,
  isSigned,
  type RecordDraft,
  type RecordFields,
  readRecord,
  type SignedRecord,
  signRecord,
  type UnverifiedRecord,
  verifyRecord,
} from './records.ts';
