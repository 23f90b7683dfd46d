// A session inside this process, for verbs that run where no node owns the data folder. What it has to remember is
// below the data folder, in one folder for each transfer, so that several processes can work beside each other.

import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { toHex } from '@shoal/base';
import type { InfoHashes } from '@shoal/metainfo';
import { lockFolder } from '@shoal/node/folder';
import { OpenFiles } from '@shoal/storage';
import { createSession, type LimitSettings, type Session } from '@shoal/swarm';
import { createTcpTransport, type EncryptionPolicy } from '@shoal/transport';
import type { Context } from '../verb.ts';

export interface OpenSession {
  readonly session: Session;
  readonly port: number;
  /** The data folder. */
  readonly data: string;
  /** The folder that remembers a transfer; made when it is not there. */
  stateFolder(infoHashes: InfoHashes): Promise<string>;
  close(): Promise<void>;
}

export async function openSession(
  context: Context,
  options: {
    readonly data: string;
    readonly port: number;
    readonly encryption: EncryptionPolicy;
    readonly exchangesPeers: boolean;
    readonly limits: LimitSettings;
  },
): Promise<OpenSession> {
  const world = await context.world();
  const { disk } = world;
  await disk.makeFolder(options.data, { mode: 0o700 });
  const openFiles = new OpenFiles(disk);
  const [major = '0', minor = '0', patch = '0'] = context.version.split('.');
  const session = createSession({
    ...world,
    openFiles,
    transport: createTcpTransport(world, { encryption: options.encryption }),
    exchangesPeers: options.exchangesPeers,
    limits: options.limits,
    client: `Shoal ${context.version}`,
    peerIdPrefix: `-SL${[major, minor, patch].map((part) => Number(part).toString(36).slice(-1)).join('')}0-`,
    lock: (journal) => lockFolder(disk, dirname(journal)),
    ...(await bootId()),
  });
  const port = await session.listen({ port: options.port });
  return {
    session,
    port,
    data: options.data,
    async stateFolder(infoHashes) {
      const folder = join(
        options.data,
        'transfers',
        toHex(infoHashes.v2 ?? infoHashes.v1 ?? new Uint8Array(1)),
      );
      await disk.makeFolder(folder, { mode: 0o700 });
      return folder;
    },
    async close() {
      await session.close();
    },
  };
}

/** Differs after each start of the machine; only Linux says it. */
async function bootId(): Promise<{ bootId?: string }> {
  try {
    return { bootId: (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim() };
  } catch {
    return {};
  }
}
