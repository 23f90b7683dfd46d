// Has the router let peers in: finds a way that it speaks, maps the ports, renews them, and takes them back when it is
// closed. Invariant: it never rejects; what came of it is in `report`.

import type { Clock, Datagrams, Http, Random } from '@shoal/base';
import * as bound from './bounds.ts';
import type { MapAnswer, PortProtocol } from './pcp-codec.ts';
import { natPmpWay, pcpWay } from './pcp-ways.ts';
import { findUpnpWay } from './upnp-way.ts';
import { type Inside, type Way, within } from './way.ts';

export interface PortToMap {
  readonly protocol: PortProtocol;
  readonly port: number;
}

export interface MappedPort extends PortToMap {
  readonly externalPort: number;
}

export interface MappingReport {
  /** `none`: no router, or none that does it; it is looked for again from time to time. */
  readonly state: 'looking' | 'mapped' | 'none';
  readonly way?: Way['name'];
  readonly router?: string;
  /** What the router is called outside; behind a second router that is a private address. */
  readonly externalAddress?: string;
  readonly ports: readonly MappedPort[];
  /** What came of each way that was tried. */
  readonly tried: readonly { readonly way: string; readonly message: string }[];
}

export interface PortMapper {
  readonly report: MappingReport;
  /** When the first look is over. */
  readonly ready: Promise<void>;
  /** Takes the mappings back, as far as the router answers. */
  close(): Promise<void>;
}

export interface PortMapperOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly datagrams: Datagrams;
  readonly http: Http;
  readonly findInside: () => Promise<Inside | undefined>;
  readonly ports: readonly PortToMap[];
  readonly changed?: (report: MappingReport) => void;
}

export function createPortMapper(options: PortMapperOptions): PortMapper {
  const { clock, ports, changed = () => {} } = options;
  let report: MappingReport = { state: 'looking', ports: [], tried: [] };
  let way: Way | undefined;
  let isClosed = false;
  let timer = clock.setTimer(0, () => {});

  function tell(next: MappingReport): void {
    report = next;
    if (!isClosed) changed(report);
  }

  async function work(): Promise<void> {
    try {
      if (way === undefined || !(await renew(way))) await look();
    } catch (error) {
      tell({ state: 'none', ports: [], tried: [{ way: 'any', message: wordsOf(error) }] });
    }
    if (isClosed) return;
    const waitMs = report.router === undefined ? bound.lookForRouterMs : bound.lookAgainMs;
    timer = clock.setTimer(way === undefined ? waitMs : bound.renewEveryMs, () => {
      working = work();
    });
  }

  async function renew(known: Way): Promise<boolean> {
    try {
      await mapAll(known);
      return true;
    } catch {
      way = undefined;
      return false;
    }
  }

  async function look(): Promise<void> {
    const inside = await options.findInside();
    if (inside === undefined) {
      tell({ state: 'none', ports: [], tried: [{ way: 'any', message: 'there is no router' }] });
      return;
    }
    const tried: { way: string; message: string }[] = [];
    // All at once, since those that a router does not speak take seconds to find out; the first in this order is taken.
    const candidates = [
      { name: 'pcp', way: Promise.resolve(pcpWay(options, inside)) },
      { name: 'nat-pmp', way: probed(natPmpWay(options, inside)) },
      { name: 'upnp', way: findUpnpWay(options, inside) },
    ];
    for (const candidate of candidates) candidate.way.catch(() => {});
    for (const candidate of candidates) {
      try {
        const found = await candidate.way;
        await mapAll(found, tried);
        way = found;
        return;
      } catch (error) {
        tried.push({ way: candidate.name, message: wordsOf(error) });
      }
      if (isClosed) return;
    }
    tell({ state: 'none', router: inside.router, ports: [], tried });
  }

  async function mapAll(found: Way, tried: MappingReport['tried'] = []): Promise<void> {
    const mapped: MappedPort[] = [];
    try {
      for (const { protocol, port } of ports) {
        const before = report.ports.find((one) => one.protocol === protocol && one.port === port);
        const answer: MapAnswer = await found.map({
          protocol,
          internalPort: port,
          externalPort: before?.externalPort ?? port,
          lifetimeSeconds: bound.lifetimeSeconds,
        });
        mapped.push({ protocol, port, externalPort: answer.externalPort });
      }
    } catch (error) {
      await takeBack(found, mapped);
      throw error;
    }
    const externalAddress = await found.externalAddress().catch(() => undefined);
    const { name, router } = found;
    tell({
      state: 'mapped',
      way: name,
      router,
      ...(externalAddress !== undefined && { externalAddress }),
      ports: mapped,
      tried,
    });
  }

  let working = work();
  return {
    get report() {
      return report;
    },
    ready: working,
    async close() {
      isClosed = true;
      timer.cancel();
      await within(clock, bound.takeBackMs, async (signal) => {
        const over = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        await Promise.race([working.then(() => takeBack(way, report.ports)), over]);
      });
    },
  };
}

async function takeBack(way: Way | undefined, ports: readonly MappedPort[]): Promise<void> {
  await Promise.allSettled(
    ports.map(({ protocol, port, externalPort }) =>
      way?.map({ protocol, internalPort: port, externalPort, lifetimeSeconds: 0 }),
    ),
  );
}

/** It is known to be spoken when the router says its address. */
async function probed(way: Way): Promise<Way> {
  await way.externalAddress();
  return way;
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
