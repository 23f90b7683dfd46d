// PCP and NAT-PMP over datagrams: a question is repeated, each time after twice as long, until the router answers.

import type { Clock, DatagramSocket, Datagrams, Random } from '@shoal/base';
import { askAgainFirstMs, mostAsks } from './bounds.ts';
import {
  type Answer,
  nonceLength,
  readPcpMap,
  readPmpAddress,
  readPmpMap,
  writePcpMap,
  writePmpAddress,
  writePmpMap,
} from './pcp-codec.ts';
import type { Inside, Way } from './way.ts';

const routerPort = 5351;

export interface PcpParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly datagrams: Datagrams;
}

export function pcpWay(parts: PcpParts, inside: Inside): Way {
  const nonce = new Uint8Array(nonceLength);
  parts.random.fill(nonce);
  let external: string | undefined;
  return {
    name: 'pcp',
    router: inside.router,
    async map(request) {
      const question = writePcpMap(request, nonce, inside.own);
      const answer = await ask(parts, inside, question, (bytes) => readPcpMap(bytes, request, nonce));
      external = answer.externalAddress ?? external;
      return answer;
    },
    externalAddress: async () => external,
  };
}

export function natPmpWay(parts: PcpParts, inside: Inside): Way {
  return {
    name: 'nat-pmp',
    router: inside.router,
    map: (request) => ask(parts, inside, writePmpMap(request), (bytes) => readPmpMap(bytes, request)),
    externalAddress: () => ask(parts, inside, writePmpAddress(), readPmpAddress),
  };
}

function ask<Value>(
  { clock, datagrams }: PcpParts,
  { own, router }: Inside,
  question: Uint8Array,
  read: (bytes: Uint8Array) => Answer<Value> | undefined,
): Promise<Value> {
  const { promise, resolve, reject } = Promise.withResolvers<Value>();
  let socket: DatagramSocket | undefined;
  let asks = 0;
  let timer = clock.setTimer(0, () => {});

  const askOnce = (): void => {
    if (asks === mostAsks) {
      reject(new Error('it does not answer'));
      return;
    }
    socket?.send(question, { address: router, port: routerPort });
    timer = clock.setTimer(askAgainFirstMs * 2 ** asks++, askOnce);
  };
  const opened = datagrams.bind(
    { address: own, port: 0 },
    {
      message(bytes, from) {
        if (from.address !== router || from.port !== routerPort) return;
        const answer = read(bytes);
        if (answer?.kind === 'done') resolve(answer.value);
        else if (answer?.kind === 'refused') reject(new Error(answer.why));
        else if (answer?.kind === 'other-version') reject(new Error('it speaks another version'));
      },
      close: (error) => reject(error ?? new Error('the socket was closed')),
    },
  );
  opened.then((bound) => {
    socket = bound;
    askOnce();
  }, reject);
  return promise.finally(() => {
    timer.cancel();
    socket?.close();
  });
}
