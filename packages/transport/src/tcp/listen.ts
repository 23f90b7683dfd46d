// Accepting over TCP, on one port of several addresses. Silence and half handshakes are bounded in time and number.

import { type Listener, type PeerAddress, type Stream, WorldError } from '@shoal/base';
import { mostHalfOpen, portAttempts } from '../bounds.ts';
import { oldestOfBusiest } from '../crowd.ts';
import { TransportError } from '../errors.ts';
import type { Accepted, ChannelListener, ListenOptions } from '../transport.ts';
import { greet } from './greet.ts';
import type { Greeting } from './greeting.ts';
import type { TransportWorld } from './tcp-transport.ts';

const allAddresses = ['0.0.0.0', '::'];

export async function listen(
  world: TransportWorld,
  makeGreeting: () => Greeting,
  options: ListenOptions,
  accept: (accepted: Accepted) => void,
): Promise<ChannelListener> {
  /** Oldest first. */
  const halfOpen = new Map<Stream, AbortController>();
  let isClosed = false;

  async function welcome(stream: Stream): Promise<void> {
    const aborter = new AbortController();
    halfOpen.set(stream, aborter);
    if (halfOpen.size > mostHalfOpen) {
      const oldest = oldestOfBusiest(halfOpen.keys(), ({ remote }) => ({ kind: 'ip', ...remote }));
      if (oldest !== undefined) halfOpen.get(oldest)?.abort();
    }
    const greeting = makeGreeting();
    try {
      const channel = await greet(stream, greeting, {
        clock: world.clock,
        isIncoming: true,
        signal: aborter.signal,
      });
      if (isClosed) return channel.close();
      const infoHash = greeting.outcome?.infoHash;
      accept(infoHash === undefined ? { channel } : { channel, infoHash });
    } catch (error) {
      // Whoever could not say hello is gone, and nobody waits for it.
      if (!(error instanceof TransportError)) throw error;
    } finally {
      halfOpen.delete(stream);
    }
  }

  const listeners = await listenOnAll(world, options, (stream) => void welcome(stream));
  const addresses: PeerAddress[] = listeners.map(({ local }) => ({ kind: 'ip', ...local }));
  return {
    port: addresses[0]?.port ?? options.port,
    addresses,
    async close() {
      isClosed = true;
      for (const aborter of halfOpen.values()) aborter.abort();
      await Promise.all(listeners.map((listener) => listener.close()));
    },
  };
}

async function listenOnAll(
  world: TransportWorld,
  options: ListenOptions,
  accept: (stream: Stream) => void,
): Promise<Listener[]> {
  for (let attempt = 1; ; attempt++) {
    const listeners: Listener[] = [];
    try {
      return await listenOnPort(world, options, accept, listeners);
    } catch (error) {
      await Promise.all(listeners.map((listener) => listener.close()));
      if (!(error instanceof WorldError)) throw error;
      const mayPickAnother = options.port === 0 && error.code === 'address-in-use' && attempt < portAttempts;
      if (!mayPickAnother) throw new TransportError('network', error.message, { cause: error });
    }
  }
}

/** Adds to `listeners` as they open, so that they can be closed when one fails. */
async function listenOnPort(
  { streams }: TransportWorld,
  options: ListenOptions,
  accept: (stream: Stream) => void,
  listeners: Listener[],
): Promise<Listener[]> {
  const addresses = options.addresses ?? allAddresses;
  let missing: unknown;
  for (const address of addresses) {
    const port = listeners[0]?.local.port ?? options.port;
    try {
      listeners.push(await streams.listen({ address, port }, accept));
    } catch (error) {
      // Many machines have no IPv6, some no IPv4; one that was asked for by name must be there.
      if (options.addresses !== undefined || !isMissingFamily(error)) throw error;
      missing = error;
    }
  }
  if (listeners.length === 0) throw missing;
  return listeners;
}

function isMissingFamily(error: unknown): boolean {
  return error instanceof WorldError && error.code !== 'address-in-use' && error.code !== 'permission';
}
