// Starts an index from its flags, and stops it when asked.

import { createIndex, HashList, readText } from '@shoal/index';
import type { Context } from '../verb.ts';
import { openAccess } from './access-files.ts';
import { indexFolder, operatorToken, ownIndexFolder } from './folder.ts';
import { openSections } from './sections.ts';
import { effectiveFlags, type IndexFlags } from './settings.ts';

export async function runIndex(
  context: Context,
  given: IndexFlags & { readonly port: number },
): Promise<void> {
  const { output, signal } = context;
  const world = await context.world();
  const flags = await effectiveFlags(context, given);
  const folder = await indexFolder(context, flags.data);
  const lock = await ownIndexFolder(folder, world);
  const warn = (message: string): void => output.note(`warning: ${message}`);
  const failed = (error: unknown): void => {
    warn(error instanceof Error ? error.message : String(error));
    if (output.verbose && error instanceof Error) output.note(error.stack ?? '');
  };
  const files = await openAccess(world.disk, flags).catch((error: unknown) => {
    lock.release();
    throw error;
  });
  try {
    const access = flags.refuseBlocked === true ? { ...files.access, blocked: new HashList() } : files.access;
    const { threads = 1 } = flags;
    const token = await operatorToken(folder, world);
    const index = await createIndex({
      ...world,
      port: flags.port ?? given.port,
      ...(flags.address && { addresses: flags.address }),
      ...(flags.certificate !== undefined &&
        flags.key !== undefined && {
          https: {
            certificate: (await readText(world.disk, flags.certificate)) ?? '',
            key: (await readText(world.disk, flags.key)) ?? '',
          },
        }),
      unlimited: flags.unlimited === true,
      balanced: threads > 1,
      settings: flags.interval === undefined ? {} : { intervalSeconds: flags.interval },
      ...(access && { access }),
      listedChanged: () => files.keepListed(),
      operatorToken: token,
      proxies: flags.proxy ?? [],
      leases: { disk: world.disk, hashing: world.hashing, path: folder.leases },
      sections: (knowledge) =>
        openSections({
          world,
          flags,
          folder,
          knowledge,
          version: context.version,
          operatorToken: token,
          access,
          publishers: files.publishers,
          failed,
        }),
      failed,
    });
    let helpers: { close(): Promise<void> } | undefined;
    let shared: { close(): Promise<void> } | undefined;
    try {
      if (flags.leases !== undefined && /^rediss?:/.test(flags.leases)) {
        const { shareSwarmsOverRedis } = await import('@shoal/index/sections');
        shared = shareSwarmsOverRedis(world, flags.leases, (post) => index.share(post), failed);
      }
      if (threads > 1) {
        const { startUdpThreads } = await import('@shoal/index/node');
        helpers = await startUdpThreads(index, threads - 1, failed);
      }
      files.watch(warn);
      const { url, port, recalled } = index;
      if (recalled?.damage !== undefined)
        warn(`The file of leases is damaged: ${recalled.damage}. What stands before that was read.`);
      output.result({ event: 'ready', url, port }, `The index is running: ${url}`);
      if (!signal.aborted)
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    } finally {
      await shared?.close();
      await helpers?.close();
      await index.close();
    }
  } finally {
    files.close();
    lock.release();
  }
}
