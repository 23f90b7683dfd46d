// What an index does beside its tracker, as the flags ask for it.

import type { World } from '@shoal/base';
import type { Knowledge, Section } from '@shoal/index';
import type { IndexFolder } from './folder.ts';
import type { IndexFlags } from './settings.ts';

export interface SectionParts {
  readonly world: World;
  readonly flags: IndexFlags;
  readonly folder: IndexFolder;
  readonly knowledge: Knowledge;
  readonly failed: (error: unknown) => void;
}

export async function openSections(_parts: SectionParts): Promise<readonly Section[]> {
  return [];
}

/** What is wrong with what the sections keep, as sentences; and what they keep. */
export async function checkSections(_parts: Omit<SectionParts, 'knowledge' | 'failed'>): Promise<{
  readonly faults: readonly string[];
  readonly facts: Readonly<Record<string, unknown>>;
}> {
  return { faults: [], facts: {} };
}
