export {
  type ClaimedPieces,
  claimedPieces,
  type ImportedPlace,
  type ImportedTransfer,
  placeOf,
  prioritiesOf,
} from './imported.ts';
export { parseResume } from './parse.ts';
