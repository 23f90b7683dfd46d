// The verbs there are, in the order of the help. A verb's file is loaded only when that verb is asked for.

import type { VerbEntry } from './verb.ts';

export const verbs: readonly VerbEntry[] = [];
