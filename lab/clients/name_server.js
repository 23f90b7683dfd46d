// Answers every question for an IPv4 address with 10.99.0.1, and others with nothing. Run: node name_server.js ADDRESS

import { createSocket } from 'node:dgram';

const socket = createSocket('udp4');
socket.on('message', (question, { address, port }) => {
  const end = question.indexOf(0, 12) + 5;
  const isIp4 = question.readUInt16BE(end - 4) === 1;
  const head = Buffer.from(question.subarray(0, end));
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(isIp4 ? 1 : 0, 6);
  head.writeUInt32BE(0, 8);
  const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 99, 0, 1]);
  socket.send(isIp4 ? Buffer.concat([head, answer]) : head, port, address);
});
socket.bind(53, process.argv[2], () => console.log('ready'));
