// Who may ask: whoever logged in and shows the cookie that they got, or shows the token itself. Invariant: an address that
// fails too often waits before it may try again, and neither its list nor that of the sessions grows without a bound.

import type { Clock, Random } from '@shoal/base';
import { ipToBytes } from '@shoal/base';
import {
  loginBanMs,
  mostLoginFailures,
  mostRememberedLogins,
  mostSessions,
  sessionIdleMs,
} from '../bounds.ts';

/** What one client was told of at last, so that it can be told of changes alone. */
export interface Told<Snapshot> {
  readonly rid: number;
  readonly snapshot: Snapshot;
}

export class Session {
  usedMs = 0;
  /** By what was asked for. */
  readonly told = new Map<string, { accepted: Told<unknown> | undefined; sent: Told<unknown> }>();
}

export class Sessions {
  readonly #clock: Clock;
  readonly #random: Random;
  /** The one that was used last is at the end. */
  readonly #sessions = new Map<string, Session>();
  /** Of those who show the token with each request. */
  readonly #shared = new Session();

  constructor({ clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.#clock = clock;
    this.#random = random;
  }

  get ofToken(): Session {
    return this.#shared;
  }

  open(): string {
    const bytes = new Uint8Array(24);
    this.#random.fill(bytes);
    const id = Buffer.from(bytes).toString('base64url');
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size >= mostSessions && oldest !== undefined) this.#sessions.delete(oldest);
    const session = new Session();
    session.usedMs = this.#clock.nowMs();
    this.#sessions.set(id, session);
    return id;
  }

  find(id: string | undefined): Session | undefined {
    const session = id === undefined ? undefined : this.#sessions.get(id);
    if (session === undefined || id === undefined) return undefined;
    this.#sessions.delete(id);
    const nowMs = this.#clock.nowMs();
    if (nowMs - session.usedMs > sessionIdleMs) return undefined;
    session.usedMs = nowMs;
    this.#sessions.set(id, session);
    return session;
  }

  close(id: string | undefined): void {
    if (id !== undefined) this.#sessions.delete(id);
  }
}

export class LoginLimit {
  readonly #clock: Clock;
  readonly #failures = new Map<string, { count: number; lastMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isBanned(address: string): boolean {
    const failed = this.#failures.get(networkOf(address));
    if (failed === undefined) return false;
    if (this.#clock.nowMs() - failed.lastMs > loginBanMs) {
      this.#failures.delete(networkOf(address));
      return false;
    }
    return failed.count >= mostLoginFailures;
  }

  failed(address: string): void {
    const key = networkOf(address);
    const count = (this.#failures.get(key)?.count ?? 0) + 1;
    this.#failures.delete(key);
    const [oldest] = this.#failures.keys();
    if (this.#failures.size >= mostRememberedLogins && oldest !== undefined) this.#failures.delete(oldest);
    this.#failures.set(key, { count, lastMs: this.#clock.nowMs() });
  }

  succeeded(address: string): void {
    this.#failures.delete(networkOf(address));
  }
}

/** One machine has a whole /64 of IPv6 addresses. */
function networkOf(address: string): string {
  const bytes = ipToBytes(address);
  return bytes?.length === 16 ? Buffer.from(bytes.subarray(0, 8)).toString('hex') : address;
}
