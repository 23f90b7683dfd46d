// The verbs there are, in the order of the help. A verb's file is loaded only when that verb is asked for.

import type { VerbEntry } from './verb.ts';

export const verbs: readonly VerbEntry[] = [
  { name: 'up', summary: 'run the node, until Ctrl-C', load: () => import('./verbs/up.ts') },
  {
    name: 'config',
    summary: 'show the config, or what it may hold',
    load: () => import('./verbs/config.ts'),
  },
  { name: 'id', summary: 'print who this node is', load: () => import('./verbs/id.ts') },
];
