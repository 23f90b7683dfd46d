// Whether an index with these flags could run: settings, lists, certificate, leases, and what its sections keep. Nothing
// is changed, and an index that runs with the same folder is not disturbed.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { loadLeases, readText } from '@shoal/index';
import { exitCodes } from '../exit-codes.ts';
import type { Context } from '../verb.ts';
import { openAccess } from './access-files.ts';
import { indexFolder } from './folder.ts';
import { checkSections } from './sections.ts';
import { effectiveFlags, type IndexFlags } from './settings.ts';

export async function checkIndex(context: Context, given: IndexFlags): Promise<void> {
  const { output } = context;
  const world = await context.world();
  const flags = await effectiveFlags(context, given);
  const folder = await indexFolder(context, flags.data);
  const faults: string[] = [];
  await openAccess(world.disk, flags).catch((error: unknown) => faults.push(messageOf(error)));
  faults.push(...(await certificateFaults(context, flags)));
  const leases = await loadLeases(world, folder.leases);
  if (leases?.damage !== undefined)
    faults.push(`The leases in ${folder.leases} are damaged: ${leases.damage}.`);
  const sections = await checkSections({ world, flags, folder });
  faults.push(...sections.faults);

  const facts = {
    folder: folder.path,
    peers: leases?.peers ?? 0,
    savedAt: leases === undefined ? null : new Date(leases.savedAtMs).toISOString(),
    ...sections.facts,
  };
  const words = Object.entries(facts).map(([name, value]) => `${name}: ${value ?? 'never'}`);
  output.result(
    { good: faults.length === 0, faults, ...facts },
    [...(faults.length === 0 ? ['All is well.'] : faults), ...words].join('\n'),
  );
  if (faults.length > 0) context.exitWith(exitCodes.failed);
}

async function certificateFaults(context: Context, { certificate, key }: IndexFlags): Promise<string[]> {
  if (certificate === undefined || key === undefined) return [];
  const { disk, clock } = await context.world();
  try {
    const leaf = new X509Certificate((await readText(disk, certificate)) ?? '');
    if (!leaf.checkPrivateKey(createPrivateKey((await readText(disk, key)) ?? '')))
      return [`The key in ${key} does not belong to the certificate in ${certificate}.`];
    return leaf.validToDate.getTime() < clock.wallTimeMs()
      ? [`The certificate in ${certificate} has run out on ${leaf.validTo}.`]
      : [];
  } catch (error) {
    return [`The certificate cannot be used: ${messageOf(error)}`];
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
