export {
  encodeHolders,
  encodePeers,
  encodeRefusal,
  encodeRegistered,
  type HoldersAnswer,
  type NamedLease,
  type PeersAnswer,
  type RegisteredAnswer,
  type StoreOffer,
} from './answers.ts';
export {
  longestLeaseSeconds,
  longestRegistration,
  maxHolders,
  maxPeersPerPage,
  shortestLeaseSeconds,
} from './bounds.ts';
export {
  encodeFound,
  encodeFoundEntry,
  type FoundAnswer,
  type FoundEntry,
  parseFound,
  type ReadEntry,
  type ReadFound,
} from './catalogue-answers.ts';
export {
  type Category,
  categories,
  longestPublication,
  type ReportReason,
  reportReasons,
} from './catalogue-bounds.ts';
export { type Accepted, type CatalogueClient, createCatalogueClient } from './catalogue-client.ts';
export { contentOf } from './content-of.ts';
export { DirectoryError, type DirectoryErrorCode } from './errors.ts';
export {
  announceUrlOf,
  createIndexClient,
  type Holders,
  type IndexClient,
  type IndexClientOptions,
  type IndexClientParts,
  type KnownNodes,
  type NamedNode,
  parseIndexUrl,
  type Registered,
} from './index-client.ts';
export {
  digestOffers,
  type Lease,
  type LeaseContent,
  type LeaseEnd,
  readLease,
  readLeaseEnd,
  type Signing,
  signLease,
  signLeaseEnd,
  type UnverifiedLease,
  verifyLease,
} from './lease.ts';
export { type Merged, mergedOrders, mergeFound } from './merging.ts';
export { encodeOffers, type Offer, parseOffers } from './offers.ts';
export {
  type RatingContent,
  type ReportContent,
  readEntry,
  signRating,
  signReport,
  type UnverifiedEntry,
  type UnverifiedRating,
  type UnverifiedReport,
} from './opinion.ts';
export {
  type PublicationContent,
  type PublishedFile,
  readPublication,
  type Saying,
  signPublication,
  signWithdrawal,
  type UnverifiedPublication,
  type UnverifiedWithdrawal,
} from './publication.ts';
export { Registration, type RegistrationOptions, type RegistrationState } from './registration.ts';
export { encodeRegistration, parseRegistration, type RegistrationBody } from './registration-body.ts';
export { sayTo } from './say-to.ts';
