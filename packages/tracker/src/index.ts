export {
  createTrackers,
  parseTrackerUrl,
  type TrackerOptions,
  type TrackerParts,
  type Trackers,
} from './client.ts';
export type { AnnounceAnswer, AnnounceEvent, AnnounceRequest, ScrapeEntry } from './codec/types.ts';
export { TrackerError, type TrackerErrorCode } from './errors.ts';
export {
  TrackerList,
  type TrackerListOptions,
  type TrackerStatus,
  type TransferCounts,
} from './tracker-list.ts';
