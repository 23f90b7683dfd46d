export {
  allConditions,
  churnMedianMs,
  type DhtCondition,
  type DhtExperimentOptions,
  type DhtRow,
  measureDht,
} from './dht/experiment.ts';
export { dhtPlots, dhtTable, mergeRows, nameOfCondition } from './dht/show.ts';
export { ExperimentError, type ExperimentErrorCode } from './errors.ts';
