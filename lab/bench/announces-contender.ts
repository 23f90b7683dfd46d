// A tracker to be measured: npm's bittorrent-tracker, or a socket that answers everything with one fixed packet (the wall).
// usage: announces-contender.ts npm|wall
import { createSocket } from 'node:dgram';
import { Server } from 'bittorrent-tracker';

const say = (port: number): void => console.log(JSON.stringify({ event: 'ready', port }));
if (process.argv[2] === 'npm') {
  const server = new Server({ udp: true, http: true, ws: false, stats: false });
  server.on('warning', () => {});
  // With port 0 it takes another one for UDP.
  server.listen(16_970, () => say(16_970));
} else {
  // As long as an answer with ten peers.
  const [id, answer] = [Buffer.alloc(16), Buffer.alloc(80)];
  answer[3] = 1;
  const socket = createSocket('udp4');
  socket.on('message', ({ length }, from) =>
    socket.send(length === 16 ? id : answer, from.port, from.address),
  );
  socket.bind(0, '127.0.0.1', () => {
    socket.setRecvBufferSize(4 * 1024 * 1024);
    say(socket.address().port);
  });
}
