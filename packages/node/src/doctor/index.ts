// What is wrong here: every check in turn, each a line with what it means and what to do.

import type { NodeFacts } from '@shoal/api';
import type { World } from '@shoal/base';
import type { Config } from '../config/schema.ts';
import { bindToConfig } from '../reach/binding.ts';
import { systemOf } from '../reach/system.ts';
import { type Finding, ok, warn } from './finding.ts';
import { checkDataFolder, checkDisk } from './folders.ts';
import { checkClock, checkMemory, checkOpenFiles } from './machine.ts';
import {
  checkBinding,
  checkLists,
  checkNames,
  checkPort,
  checkRouter,
  checkTime,
  reachFinding,
} from './network.ts';

export type { Finding } from './finding.ts';

export interface DoctorOptions {
  /** Not bound. */
  readonly world: World;
  readonly config: Config;
  /** What the node of this data folder says of itself; undefined when none runs. */
  readonly running: Pick<NodeFacts, 'version' | 'uptimeSeconds' | 'port' | 'reach'> | undefined;
  readonly version: string;
  readonly signal: AbortSignal;
}

export async function* examine(options: DoctorOptions): AsyncGenerator<Finding, void, void> {
  const { world, config, running, version, signal } = options;
  const system = systemOf(world);
  yield running === undefined
    ? ok('node', 'No node runs with this data folder; `shoal up` starts one.')
    : nodeFinding(running, version);
  yield await checkDataFolder(config.data);
  yield await checkDisk('data-disk', config.data, world, system);
  yield await checkDisk('downloads-disk', config.downloads, world, system);
  yield checkMemory();
  yield await checkOpenFiles(system);
  yield await checkClock(world.clock);
  yield await checkLists(config, world);
  const binding = await checkBinding(config, system);
  yield binding;
  // What the node could not bind is not asked past it.
  if (binding.state === 'bad') return;
  const { bind, 'name-servers': servers } = config;
  const bound = await bindToConfig(world, { bind, 'name-servers': servers });
  yield await checkNames(config, bound, signal);
  const time = await checkTime(config, bound, signal);
  if (time !== undefined) yield time;
  if (running === undefined) {
    yield await checkPort(config, bound);
    yield await checkRouter(config, bound, system);
  } else if (running.reach !== undefined) {
    yield reachFinding(running.reach);
  }
}

function nodeFinding(running: NonNullable<DoctorOptions['running']>, version: string): Finding {
  const message = `A node runs, version ${running.version}, and takes peers at port ${running.port}.`;
  if (running.version === version) return ok('node', message);
  return warn('node', message, `This command is version ${version}: start the node anew.`);
}
