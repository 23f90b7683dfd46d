export {
  type ClaimedPieces,
  claimedPieces,
  type ImportedPlace,
  type ImportedTransfer,
  placeOf,
} from './imported.ts';
export { parseResume } from './parse.ts';
