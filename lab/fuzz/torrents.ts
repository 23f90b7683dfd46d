// Mutated torrents, as many as asked for: node lab/fuzz/torrents.ts [COUNT] [FIRST_SEED]

import { fuzz } from './fuzz.ts';
import { mutateTorrent } from './torrent-mutations.ts';

fuzz('torrents', mutateTorrent);
