export {
  categories,
  type FindAnswer,
  type FindQuery,
  type FoundTorrent,
  findOrders,
  type NewPublication,
  reportReasons,
  type SaidAnswer,
} from './catalogue.ts';
export {
  type AnswerOf,
  ApiError,
  type ClientOptions,
  createClient,
  type Fetch,
  type FetchAnswer,
  type NodeClient,
  type RequestOf,
} from './client.ts';
export type { Feed, FeedChange, FeedItem, NewFeed } from './feeds.ts';
export type {
  ConfigAnswer,
  ConfigChange,
  DhtNodes,
  ErrorAnswer,
  Health,
  NodeEvent,
  NodeFacts,
  NodeStatistics,
  Rates,
} from './node.ts';
export { movingNumbers } from './node.ts';
export { openApiDocument } from './openapi.ts';
export type { Operation } from './operation.ts';
export { type OperationName, operations } from './operations.ts';
export type {
  BulkRequest,
  FileChoice,
  FinderSummary,
  LabelSettings,
  LogEntry,
  NewTransfer,
  PeerSummary,
  PieceHolders,
  PieceMapAnswer,
  TransferChange,
  TransferDetails,
  TransferFile,
  TransferList,
  TransferSummary,
} from './transfers.ts';
