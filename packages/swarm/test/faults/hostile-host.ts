// A machine whose connections all follow one script: it dials its targets again and again, and answers who dials it.

import type { PeerAddress } from '@shoal/base';
import type { HostOptions, SimHost, Simulation } from '@shoal/sim';
import type { Sample } from '../sample.ts';
import { HostileLine, type Script } from './hostile-line.ts';

const port = 6881;
const redialMs = 3_000;

export class HostileHost {
  readonly host: SimHost;
  readonly address: PeerAddress;
  readonly script: Script;
  readonly #simulation: Simulation;
  readonly #sample: Sample;
  #dials = 0;
  isResting = false;

  constructor(simulation: Simulation, script: Script, sample: Sample, options: HostOptions = {}) {
    this.host = simulation.addHost(options);
    this.address = { kind: 'ip', address: this.host.address, port };
    this.script = script;
    this.#simulation = simulation;
    this.#sample = sample;
  }

  async listen(): Promise<void> {
    const { streams } = this.host.world;
    await this.#simulation.settle(
      streams.listen({ address: this.host.address, port }, (stream) => {
        if (this.isResting) stream.destroy();
        else new HostileLine(this.#place(), stream, true);
      }),
    );
  }

  /** Dials now, and again some seconds after each connection ended. */
  attack(target: PeerAddress): void {
    if (this.isResting || !this.host.isUp) return;
    const again = () => this.#simulation.after(redialMs, () => this.attack(target));
    this.host.world.streams.connect(target).then((stream) => {
      const line = new HostileLine(this.#place(), stream, false);
      const look = () => {
        if (line.isOver) again();
        else this.#simulation.after(redialMs, look);
      };
      look();
    }, again);
  }

  #place() {
    const random = this.#simulation.randomFor(`script of ${this.host.name} ${this.#dials++}`);
    return { simulation: this.#simulation, random, sample: this.#sample, script: this.script };
  }
}
