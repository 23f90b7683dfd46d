// A tracker for the length of a test, and a way to announce a peer that does not announce itself.

import { join } from 'node:path';
import { isEvent } from './client.ts';
import { type Program, run, start } from './process.ts';

export interface LabTracker {
  readonly url: string;
  readonly program: Program;
  announce(infoHash: Uint8Array, peer: { address: string; port: number; left: number }): Promise<void>;
  stop(): Promise<void>;
}

export async function startTracker(
  address: string,
  port: number,
  state: string,
  prefix: readonly string[] = [],
): Promise<LabTracker> {
  const script = join(import.meta.dirname, 'tracker_server.js');
  const program = start(process.execPath, [script, address, String(port)], {
    log: join(state, 'tracker.log'),
    prefix,
  });
  const ready = JSON.parse(await program.line(isEvent('ready')));
  const url = `http://${address}:${ready.port}/announce`;
  return {
    url,
    program,
    async announce(infoHash, peer) {
      const hash = [...infoHash].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
      const query = `info_hash=${hash}&peer_id=-LAB000-${String(peer.port).padStart(12, '0')}&port=${peer.port}&uploaded=0&downloaded=0&left=${peer.left}&compact=1&event=started`;
      await run(
        'curl',
        ['-sf', '-H', `X-Forwarded-For: ${peer.address}`, '-o', '/dev/null', `${url}?${query}`],
        prefix,
      );
    },
    stop: () => program.stop(),
  };
}
