// Checking whole data against its torrent: `shoal check`, libtorrent and aria2, side by side.
// Run: node lab/bench/check.ts [--size MiB] [--runs N] [--piece-length N]

import { execFileSync, spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { shoalCommand } from '../clients/shoal.ts';
import { type Contender, isInstalled, makePayload, race, remove } from './side-by-side.ts';

const { values: options } = parseArgs({
  options: {
    size: { type: 'string', default: '2048' },
    runs: { type: 'string', default: '5' },
    'piece-length': { type: 'string', default: '1M' },
  },
});

const { folder, file } = makePayload('payload', Number(options.size));
const python = '/usr/bin/python3';
/** Ends when libtorrent has hashed everything and says that it seeds. */
const libtorrentCheck = `
import sys, libtorrent as lt
session = lt.session({'listen_interfaces': '', 'enable_dht': False, 'enable_lsd': False, 'enable_upnp': False,
  'enable_natpmp': False, 'alert_mask': lt.alert.category_t.status_notification | lt.alert.category_t.storage_notification})
params = lt.add_torrent_params()
params.ti = lt.torrent_info(sys.argv[1])
params.save_path = sys.argv[2]
handle = session.add_torrent(params)
checked = False
while not checked:
  session.wait_for_alert(1000)
  checked = any(isinstance(alert, lt.torrent_checked_alert) for alert in session.pop_alerts())
status = handle.status()
print('complete' if status.is_seeding else 'not complete')
`;

function saysComplete(pattern: RegExp): Pick<Contender, 'verify'> {
  return {
    verify: (output) => {
      if (!pattern.test(output)) throw new Error(`not complete: ${output}`);
    },
  };
}

const torrents = (['v1', 'v2', 'hybrid'] as const).map((format) => {
  const torrent = join(folder, `${format}.torrent`);
  execFileSync(process.execPath, [
    ...[shoalCommand, 'make', file, '-o', torrent],
    ...['--format', format, '--piece-length', options['piece-length']],
  ]);
  return { format, torrent };
});
const contenders: Contender[] = torrents.map(({ format, torrent }) => ({
  name: `Shoal ${format}`,
  command: process.execPath,
  args: [shoalCommand, 'check', torrent, folder],
  ...saysComplete(/: complete/),
}));
if (spawnSync(python, ['-c', 'import libtorrent']).status === 0) {
  for (const { format, torrent } of torrents)
    contenders.push({
      name: `libtorrent ${format}`,
      command: python,
      args: ['-c', libtorrentCheck, torrent, folder],
      ...saysComplete(/^complete/),
    });
} else console.log('skipped: python3-libtorrent is not installed');
if (isInstalled('aria2c')) {
  const [v1] = torrents;
  contenders.push({
    name: 'aria2 v1',
    command: 'aria2c',
    args: [
      ...['--check-integrity=true', '--hash-check-only=true', '--seed-time=0', '--enable-dht=false'],
      ...['--dir', folder, v1?.torrent ?? ''],
    ],
    prepare: () => rmSync(`${file}.aria2`, { force: true }),
    ...saysComplete(/Verification finished successfully|seeding|\(OK\)|OK/),
  });
} else console.log('skipped: aria2 is not installed');

race(contenders, Number(options.runs));
remove(folder);
