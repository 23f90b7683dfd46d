// A session inside this process, for verbs that run where no node owns the data folder.

import type { Engine, EngineOptions } from '@shoal/node/engine';
import type { Context } from '../verb.ts';

export type OpenSession = Engine;

export async function openSession(
  context: Context,
  options: Pick<EngineOptions, 'data' | 'port' | 'mayMovePort' | 'encryption' | 'exchangesPeers' | 'limits'>,
): Promise<OpenSession> {
  const [world, { openEngine }] = await Promise.all([context.world(), import('@shoal/node/engine')]);
  return openEngine({ ...options, world, version: context.version });
}
