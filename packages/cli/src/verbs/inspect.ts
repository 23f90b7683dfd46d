import { resolve } from 'node:path';
import type { Disk } from '@shoal/base';
import { MetainfoError, maxTorrentLength, parseMagnet, parseTorrent } from '@shoal/metainfo';
import { describeMagnet, describeTorrent, textOfMagnet, textOfTorrent } from '../describe.ts';
import type { Verb } from '../verb.ts';

const inspect: Verb = (command, context) => {
  command.argument('<FILE|LINK>', 'a torrent file or a magnet link').action(async (what) => {
    if (/^\s*magnet:/i.test(what)) {
      const magnet = parseMagnet(what);
      context.output.result(describeMagnet(magnet), textOfMagnet(magnet));
      return;
    }
    const world = await context.world();
    const bytes = await readTorrentFile(world.disk, resolve(what));
    const torrent = parseTorrent(bytes, (name, input) => world.hashing.digest(name, input));
    context.output.result(describeTorrent(torrent), textOfTorrent(torrent));
  });
};

/** Bounded: a film that was given by mistake is not read into memory. */
async function readTorrentFile(disk: Disk, path: string): Promise<Uint8Array> {
  const file = await disk.open(path);
  try {
    const { length } = await file.stat();
    if (length > maxTorrentLength) {
      throw new MetainfoError('too-large', `${path} has ${length} bytes: too many for a torrent file.`);
    }
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, await file.read([bytes], 0));
  } finally {
    await file.close();
  }
}

export default inspect;
