export type { HashRequest } from '@shoal/metainfo';
export { allowedFastSet } from './allowed-fast.ts';
export { BlockLedger } from './block-ledger.ts';
export { blockLength, longestRequest } from './bounds.ts';
export { copyBytes } from './bytes.ts';
export { Conduct, type ConductOptions, type ContentShape } from './conduct.ts';
export type { EncryptedHandshake, EncryptedOutcome, EncryptionWorld } from './encryption/handshake.ts';
export { type InitiatorOptions, initiateEncryption } from './encryption/initiator.ts';
export { createKeyring, type Keyring } from './encryption/keyring.ts';
export { Rc4 } from './encryption/rc4.ts';
export { recogniseOpening } from './encryption/recognise.ts';
export { answerEncryption, type ResponderOptions } from './encryption/responder.ts';
export type { EncryptionMethod } from './encryption/secrets.ts';
export * from './errors.ts';
export {
  decodeExtendedHandshake,
  type ExtendedHandshake,
  encodeExtendedHandshake,
  extendedHandshakeId,
  ourExtensions,
} from './extensions/handshake.ts';
export * from './extensions/holepunch.ts';
export * from './extensions/metadata.ts';
export * from './extensions/peer-exchange.ts';
export * from './extensions/small.ts';
export * from './handlers.ts';
export * from './handshake.ts';
export { HashLedger } from './hash-ledger.ts';
export { messageId, pieceHeaderLength } from './messages.ts';
export { createPeerParser, type ParserBounds, type PeerParser } from './parser.ts';
export * from './writers.ts';
