// A fetch for the client of a node on this machine, over node:http: Node's own takes 40 ms to load, which is a third of
// what `shoal list` may take.

import type { IncomingMessage } from 'node:http';
import type { Fetch, FetchAnswer } from '@shoal/api';

// An import makes Node look at all that it exports, and load its own fetch for it: 25 ms.
const { request } = process.getBuiltinModule('node:http');

export const fetchOverHttp: Fetch = (address, { method, headers, body, signal }) =>
  new Promise((resolve, reject) => {
    const asked = request(
      address,
      {
        method,
        headers: { ...headers, ...(body && { 'content-length': `${Buffer.byteLength(body)}` }) },
        agent: false,
        ...(signal && { signal }),
      },
      (message) => resolve(answerOf(message)),
    );
    asked.on('error', reject);
    asked.end(body);
  });

function answerOf(message: IncomingMessage): FetchAnswer {
  const { statusCode: status = 0 } = message;
  return {
    ok: status >= 200 && status < 300,
    status,
    body: Object.assign(message, {
      async cancel() {
        message.destroy();
      },
    }),
    async json() {
      const chunks: Uint8Array[] = [];
      for await (const chunk of message) chunks.push(chunk);
      return JSON.parse(Buffer.concat(chunks).toString());
    },
  };
}
