export { IdentityError, type IdentityErrorCode } from './errors.ts';
export { type OpenedIdentity, type OpenIdentityOptions, openIdentity } from './key-file.ts';
export { type Identity, identityFromSeed, verifySignature } from './keys.ts';
