// One suite that every transport passes: TCP in the clear and encrypted, on Node's world and in virtual time;
// later uTP, WebRTC and proxies.

import { describe } from 'node:test';
import { testData } from './data.ts';
import { testDialling } from './dialling.ts';
import { testEndings } from './endings.ts';
import { type TransportPair, transportTest } from './harness.ts';

export type { TransportPair } from './harness.ts';

/** `makePair` is called for each test. */
export function testTransport(name: string, makePair: () => Promise<TransportPair>): void {
  const transportTests = transportTest(makePair);
  describe(`${name}: dialling`, () => testDialling(transportTests));
  describe(`${name}: data`, () => testData(transportTests));
  describe(`${name}: endings`, () => testEndings(transportTests));
}
