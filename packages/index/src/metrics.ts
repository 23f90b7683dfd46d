// Prometheus' text format (version 0.0.4). Counters are plain numbers that the hot path counts up, so there is nothing
// that a metrics library would keep for us.

import type { IndexResponse } from './http/routes.ts';
import type { Metric } from './section.ts';

const prefix = 'shoal_index_';

export function metricsResponse(metrics: readonly Metric[]): IndexResponse {
  const lines = metrics.flatMap(({ name, help, kind, values }) => [
    `# HELP ${prefix}${name} ${help}`,
    `# TYPE ${prefix}${name} ${kind}`,
    ...values.map(({ labels = {}, value }) => `${prefix}${name}${labelText(labels)} ${value}`),
  ]);
  return {
    status: 200,
    headers: { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' },
    body: `${lines.join('\n')}\n`,
  };
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) =>
      `${name}="${value.replaceAll(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
