// Where the databases call the same thing by other names.

import { type ColumnDataType, type RawBuilder, sql } from 'kysely';

export type DatabaseKind = 'sqlite' | 'postgres';

export interface ColumnTypes {
  readonly kind: DatabaseKind;
  readonly bytes: ColumnDataType;
  /** Text in the order of its code points. */
  readonly plainText: RawBuilder<unknown>;
}

export const columnTypes: Readonly<Record<DatabaseKind, ColumnTypes>> = {
  sqlite: { kind: 'sqlite', bytes: 'blob', plainText: sql`text` },
  postgres: { kind: 'postgres', bytes: 'bytea', plainText: sql`text collate "C"` },
};
