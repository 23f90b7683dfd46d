// Hosts as the internet has them: public addresses that are spread over all networks, and lines whose delays have a
// long tail. The numbers are those of docs/experiments/README.md: round trips of 115 ms in the middle, below 500 ms
// for 99 of 100 pairs, and one packet of a hundred lost on the way.

import { ipFromBytes, ipScope } from '@shoal/base';
import type { LineOptions, SeededRandom, SimHost, Simulation } from '@shoal/sim';

/** One way, from a host to the middle of the internet: lognormal. */
const medianLatencyMs = 20;
const latencySigma = 0.9;
const longestLatencyMs = 1_000;
const jitterMs = 10;
/** Each packet passes two lines. */
const lossPerLine = 0.005;

export class Internet {
  readonly simulation: Simulation;
  readonly #random: SeededRandom;

  /** Hosts of two parts do not change each other's lines. */
  constructor(simulation: Simulation, part = 'the internet') {
    this.simulation = simulation;
    this.#random = simulation.randomFor(part);
  }

  addHost(line: LineOptions = {}): SimHost {
    return this.simulation.addHost({
      addresses: [this.#address()],
      line: { ...drawLine(this.#random), ...line },
    });
  }

  /** Somebody new stands behind the line of somebody who is gone. */
  replace(host: SimHost): void {
    host.crash();
    host.setAddresses([this.#address()]);
    host.restart();
  }

  #address(): string {
    const bytes = new Uint8Array(4);
    for (;;) {
      this.#random.fill(bytes);
      const address = ipFromBytes(bytes);
      if (ipScope(address) === 'public' && !this.simulation.isTaken(address)) return address;
    }
  }
}

function drawLine(random: SeededRandom): LineOptions {
  const latencyMs = medianLatencyMs * Math.exp(latencySigma * drawNormal(random));
  return { latencyMs: Math.min(longestLatencyMs, latencyMs), jitterMs, loss: lossPerLine };
}

/** Box and Muller. */
function drawNormal(random: SeededRandom): number {
  const length = Math.sqrt(-2 * Math.log(1 - random.fraction()));
  return length * Math.cos(2 * Math.PI * random.fraction());
}
