// A program that asks a node whatever it likes, as an attacker or a foreign client would: raw datagrams in virtual time.

import {
  type BencodeNode,
  type BencodeValue,
  decodeBencode,
  type Endpoint,
  encodeBencode,
} from '@shoal/base';
import type { SimHost, Simulation } from '@shoal/sim';

export interface RawAsker {
  readonly host: SimHost;
  readonly received: Uint8Array[];
  /** The answer to one question, or undefined after a second of silence. */
  ask(method: string, args: { [key: string]: BencodeValue | undefined }): Promise<BencodeNode | undefined>;
  send(bytes: Uint8Array): void;
}

export async function startAsker(simulation: Simulation, host: SimHost, to: Endpoint): Promise<RawAsker> {
  const received: Uint8Array[] = [];
  const socket = await simulation.settle(
    host.world.datagrams.bind(
      { address: host.address, port: 7000 },
      { message: (bytes) => void received.push(bytes.slice()), close() {} },
    ),
  );
  let next = 1;
  return {
    host,
    received,
    send: (bytes) => socket.send(bytes, to),
    async ask(method, args) {
      const transaction = `q${next++}`;
      const id = new Uint8Array(20).fill(3);
      socket.send(encodeBencode({ a: { ...args, id }, q: method, t: transaction, y: 'q' }), to);
      const answer = (): BencodeNode | undefined =>
        received.map((bytes) => decodeBencode(bytes)).find((node) => node.get('t')?.isString(transaction));
      const endMs = simulation.nowMs + 1000;
      await simulation
        .run(() => answer() !== undefined || simulation.nowMs >= endMs - 1, { limitMs: 900 })
        .catch(() => {});
      return answer();
    },
  };
}

export function errorOf(answer: BencodeNode | undefined): number | undefined {
  const [code] = answer?.get('e')?.items() ?? [];
  return code?.asInteger();
}
