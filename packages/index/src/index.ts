export { Publishers, parsePublishers } from './catalogue/publishers.ts';
export { createIndex, type Index, type IndexOptions, type IndexParts } from './create-index.ts';
export { IndexError, type IndexErrorCode } from './errors.ts';
export {
  type BodyStream,
  errorResponse,
  type IndexRequest,
  type IndexResponse,
  jsonResponse,
  queryOf,
  type Route,
} from './http/routes.ts';
export type { Metric, Section } from './section.ts';
export type { AccessOptions } from './tracker/access.ts';
export { HashList, parseHashList } from './tracker/hash-list.ts';
export type { Knowledge, SwarmCounts, ThinContent } from './tracker/knowledge.ts';
export { type LeasesSummary, loadLeases } from './tracker/leases-file.ts';
export { parseUsers, type User, Users } from './tracker/users.ts';
export { readText, writeText } from './tracker/whole-file.ts';
