// Whom an index knows, as far as their leases are signed and in time.

import { toHex } from '@shoal/base';
import { createIndexClient, type NamedNode } from '@shoal/directory';
import type { Context } from '../verb.ts';

/** An index may know a hundred thousand; nobody reads on. */
const mostPages = 10;

/** Resolves to how many were listed. */
export async function listIndexed(
  { world: open, output, signal, version }: Context,
  url: string,
): Promise<number> {
  const world = await open();
  const client = createIndexClient(world, { url, userAgent: `Shoal/${version}` });
  let after: string | undefined;
  let count = 0;
  for (let page = 0; page < mostPages; page++) {
    const { nodes, refused, total, next } = await client.peers(after, signal);
    for (const node of nodes) tell(node);
    count += nodes.length;
    if (refused > 0) output.note(`${url}: ${refused} leases are forged or out of time, by this clock.`);
    after = next;
    if (next === undefined) return count;
    if (page + 1 === mostPages) output.note(`${url} knows ${total} nodes, of which these are ${count}.`);
  }
  return count;

  function tell({ lease, addresses }: NamedNode): void {
    const id = toHex(lease.record.key);
    const places = addresses.map(({ address, port }) =>
      address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
    );
    const { client: program, capabilities, offers } = lease;
    output.result(
      { id, client: program, capabilities, offers: offers.count, addresses, index: client.url },
      `${id}  ${places.join(', ') || 'no address confirmed'}  ${program}, offers ${offers.count}  index ${client.url}`,
    );
  }
}
