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
