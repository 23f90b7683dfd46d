// A DHT node to be measured: npm's bittorrent-dht, or a socket that answers everything with one fixed packet (the wall).
// usage: dht-contender.ts npm|wall
import { createSocket } from 'node:dgram';
import BittorrentDht from 'bittorrent-dht';

const say = (port: number): void => console.log(JSON.stringify({ event: 'ready', port }));
if (process.argv[2] === 'npm') {
  const dht = new BittorrentDht({ bootstrap: false });
  dht.listen(0, '127.0.0.1', () => say(dht.address().port));
} else {
  const reply = Buffer.alloc(110, 'x');
  const socket = createSocket('udp4');
  socket.on('message', (_, from) => socket.send(reply, from.port, from.address));
  socket.bind(0, '127.0.0.1', () => {
    socket.setRecvBufferSize(4 * 1024 * 1024);
    say(socket.address().port);
  });
}
