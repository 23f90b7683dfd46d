// The routing tables of the DHT as the API tells them: the nearest nodes first, and no more than somebody can look at.

import type { DhtNodes } from '@shoal/api';
import { toHex } from '@shoal/base';
import type { Discovery } from '@shoal/discovery';
import { mostDhtNodesTold } from '../bounds.ts';
import { endpointText } from './addresses.ts';

export function dhtNodesOf(table: Discovery['dhtTable']): DhtNodes {
  if (table === undefined) return { families: [], nodes: [], known: 0 };
  const nearest = table.nodes.toSorted((a, b) => b.sharedBits - a.sharedBits).slice(0, mostDhtNodesTold);
  return {
    families: table.families.map(({ family, id, externalAddress, replacements }) => ({
      family,
      id: toHex(id),
      ...(externalAddress !== undefined && { externalAddress }),
      replacements,
    })),
    nodes: nearest.map(({ endpoint, family, id, sharedBits, state, rttMs, quietMs }) => ({
      address: endpointText(endpoint),
      family,
      id: toHex(id),
      sharedBits,
      state,
      ...(rttMs !== undefined && { rttMs: Math.round(rttMs) }),
      quietSeconds: Math.max(0, Math.round(quietMs / 1000)),
    })),
    known: table.nodes.length,
  };
}
