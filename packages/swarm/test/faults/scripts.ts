// What hostile and broken peers do, one script a way. `ends`: with one of these codes an honest peer must let it go;
// nothing said: it may stay. `isBanned`: and must not talk to it again.

import type { LeaveCode } from '@shoal/swarm';
import type { Script } from './hostile-line.ts';
import { contentScripts } from './scripts-content.ts';
import { extensionScripts } from './scripts-extensions.ts';
import { floodScripts } from './scripts-floods.ts';
import { protocolScripts } from './scripts-protocol.ts';
import { trickScripts } from './scripts-tricks.ts';

export interface HostileScript extends Script {
  readonly ends?: readonly LeaveCode[];
  readonly isBanned?: boolean;
  /** It shows only where the metadata, or the hashes of v2, are asked of peers; or in a download of minutes. */
  readonly needs?: 'magnet' | 'v2' | 'time';
}

export const scripts: readonly HostileScript[] = [
  ...contentScripts,
  ...protocolScripts,
  ...floodScripts,
  ...extensionScripts,
  ...trickScripts,
];
