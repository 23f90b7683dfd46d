// What a Prometheus server collects: the statistics of the node, and of its process, in the text format 0.0.4. Some twenty
// numbers that are there already need no library, which would take 30 ms of a node's start.

import { memoryUsage, resourceUsage } from 'node:process';
import type { NodeFacts, NodeStatistics } from '@shoal/api';

type Sample = readonly [labels: string, value: number];

export function metricsText(facts: NodeFacts, statistics: NodeStatistics): string {
  const { userCPUTime, systemCPUTime } = resourceUsage();
  const { transfers, freeBytes } = statistics;
  const nodes = facts.finders.find(({ kind }) => kind === 'dht')?.nodes;
  return [
    metric('shoal_info', 'gauge', 'The version that runs', [
      [`{version="${facts.version}",network="${facts.network}"}`, 1],
    ]),
    metric('shoal_uptime_seconds', 'gauge', 'Since its start', facts.uptimeSeconds),
    metric(
      'shoal_transfers',
      'gauge',
      'Transfers in each state',
      Object.entries(transfers).map(([state, count]) => [`{state="${state}"}`, count] as const),
    ),
    metric('shoal_connections', 'gauge', 'Connections with peers', statistics.connections),
    metric('shoal_download_bytes_per_second', 'gauge', 'Rate of all transfers', statistics.downRate),
    metric('shoal_upload_bytes_per_second', 'gauge', 'Rate of all transfers', statistics.upRate),
    metric(
      'shoal_downloaded_bytes',
      'gauge',
      'Of the transfers that are here, since the start',
      statistics.downloaded,
    ),
    metric(
      'shoal_uploaded_bytes',
      'gauge',
      'Of the transfers that are here, since the start',
      statistics.uploaded,
    ),
    ...(freeBytes === undefined
      ? []
      : [metric('shoal_free_bytes', 'gauge', 'Free where downloads go', freeBytes)]),
    ...(nodes === undefined
      ? []
      : [metric('shoal_dht_nodes', 'gauge', 'Nodes of the DHT that it knows', nodes)]),
    metric('process_resident_memory_bytes', 'gauge', 'Memory of the process', memoryUsage.rss()),
    metric(
      'process_cpu_seconds_total',
      'counter',
      'Time of processors, all threads',
      (userCPUTime + systemCPUTime) / 1e6,
    ),
  ].join('');
}

function metric(
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  value: number | readonly Sample[],
): string {
  const samples: readonly Sample[] = typeof value === 'number' ? [['', value]] : value;
  const lines = samples.map(([labels, sample]) => `${name}${labels} ${sample}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}
