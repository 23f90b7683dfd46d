// Drives WebTorrent as a peer: one torrent, seeded or fetched, events as JSON lines.
// usage: webtorrent_peer.js '{"torrent":…,"folder":…,"port":…,"encryption":…,"peers":["address:port"]}'
import { readFileSync } from 'node:fs';
import WebTorrent from 'webtorrent';

const task = JSON.parse(process.argv[2]);
const say = (event, more = {}) => console.log(JSON.stringify({ event, ...more }));
const client = new WebTorrent({
  torrentPort: task.port,
  dht: false,
  lsd: false,
  utPex: false,
  utp: false,
  natUpnp: false,
  natPmp: false,
  // 1 falls back to connections in the clear, 2 does not.
  secure: { off: 0, allowed: 1, required: 2 }[task.encryption],
});
const fail = (error) => {
  say('error', { message: String(error?.message ?? error) });
  process.exit(1);
};
client.on('error', fail);
const torrent = client.add(readFileSync(task.torrent), { path: task.folder });
torrent.on('error', fail);
torrent.on('ready', () => {
  say('ready', { done: torrent.progress });
  for (const peer of task.peers) torrent.addPeer(peer);
});
torrent.on('done', () => say('complete'));
