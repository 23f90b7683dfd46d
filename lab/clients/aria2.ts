// aria2: v1 over TCP. It cannot be told of a peer, so it needs the torrent's tracker.

import { join } from 'node:path';
import { after, type Client, type PeerTask, type RunningPeer } from './client.ts';
import { missingPrograms } from './installed.ts';
import { start } from './process.ts';

export const aria2: Client = {
  name: 'aria2',
  formats: ['v1'],
  encryptions: ['off', 'allowed', 'required'],
  takesPeers: false,
  refusesLoopback: false,
  missing: () => missingPrograms('aria2c'),
  seed(task) {
    const peer = run(task, ['--check-integrity=true', '--seed-ratio=0.0']);
    return {
      ...peer,
      ready: after(peer.program, (line) => line.includes('Verification finished successfully')),
    };
  },
  // It announces itself as complete and ends: no seeding after.
  fetch: (task) => run(task, ['--seed-time=0', '--file-allocation=none']),
};

function run(task: PeerTask, more: readonly string[]): RunningPeer {
  const encryption = {
    off: [],
    allowed: ['--bt-min-crypto-level=plain'],
    required: ['--bt-require-crypto=true', '--bt-min-crypto-level=arc4', '--bt-force-encryption=true'],
  }[task.encryption];
  const program = start(
    'aria2c',
    [
      '--no-conf=true',
      `--dir=${task.folder}`,
      `--listen-port=${task.port}`,
      // It asks trackers over UDP through its DHT socket alone.
      `--enable-dht=${task.asksUdpTrackers ?? false}`,
      `--dht-listen-port=${task.port}`,
      `--dht-file-path=${join(task.state, 'dht.dat')}`,
      '--enable-dht6=false',
      '--bt-enable-lpd=false',
      '--enable-peer-exchange=false',
      '--console-log-level=notice',
      '--show-console-readout=false',
      '--allow-overwrite=true',
      '--bt-tracker-interval=1',
      ...encryption,
      ...more,
      task.torrent,
    ],
    { log: join(task.state, 'aria2.log'), prefix: task.prefix ?? [] },
  );
  return {
    program,
    ready: Promise.resolve(),
    complete: after(program, (line) => line.includes('Download complete')),
    stop: () => program.stop(),
  };
}
