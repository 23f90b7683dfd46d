// A plain HTTP tracker (npm's bittorrent-tracker) for programs that cannot be told of a peer.
// `X-Forwarded-For` stands for the announcing address, so that the lab can announce others. Events as JSON lines.
import { Server } from 'bittorrent-tracker';

const [address, port] = process.argv.slice(2);
const server = new Server({
  udp: false,
  ws: false,
  http: true,
  stats: false,
  trustProxy: true,
  interval: 2000,
});
const say = (event, more = {}) => console.log(JSON.stringify({ event, ...more }));
for (const event of ['start', 'complete', 'update', 'stop']) {
  server.on(event, (_addr, params) =>
    say(event, { address: params?.addr, left: params?.left, infoHash: params?.info_hash }),
  );
}
server.on('warning', (error) => say('warning', { message: error.message }));
server.listen(Number(port), address, () => say('ready', { port: server.http.address().port }));
