// What hangs on the index beside its tracker: the registry, the catalogue, the store. The index itself knows none of
// them, so that it runs without a database.

import type { Route } from './http/routes.ts';

export interface Metric {
  /** Without the prefix "shoal_index_". */
  readonly name: string;
  readonly help: string;
  readonly kind: 'gauge' | 'counter';
  readonly values: readonly { readonly labels?: Readonly<Record<string, string>>; readonly value: number }[];
}

export interface Section {
  readonly routes: readonly Route[];
  /** Once, when the index takes requests: at this port. */
  listens?(port: number): void;
  /** Asked for each time somebody reads /metrics. */
  metrics?(): readonly Metric[];
  /** A sentence when something is wrong: /health answers 503 with it. */
  ailment?(): string | undefined;
  /** A stop waits for this, within its bound. The listeners are closed by then. */
  close?(): Promise<void>;
}
