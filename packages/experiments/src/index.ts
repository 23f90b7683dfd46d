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
export {
  measureNetwork,
  type NetworkExperimentOptions,
  type NetworkFault,
  type NetworkKind,
  type NetworkRow,
  networkKinds,
} from './networks/experiment.ts';
export { mergeNetworkRows, networkPlot, networkTable } from './networks/show.ts';
export { drawPlot, type Series } from './show/plot.ts';
export { renderTable } from './show/table.ts';
