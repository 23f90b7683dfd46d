// Who may download from us, as a pure function of what the peers did (BEP 3, "choking and optimistic unchoking").
// Rules: never more than `slots` at once, and only interested ones; while we download, those go first from whom we
// get most (tit for tat), those that stall us go last (anti-snubbing), and one slot in five goes to somebody at
// random, so that newcomers can show what they have; once we have all, those go first that were served least lately, one of
// each host before a second one, and those last that were given a slot and made nothing of it.

import type { Random } from '@shoal/base';

export interface ChokeCandidate {
  /** Where it is; many peers may be at one, be it a household or a crowd. */
  readonly host: string;
  readonly isInterested: boolean;
  readonly isUnchoked: boolean;
  /** It was unchoked without having earned it, and may stay until then. */
  readonly optimisticUntilMs: number;
  /** It owes us blocks and has sent none for long. */
  readonly isSnubbing: boolean;
  readonly bytesPerSecondFromIt: number;
  readonly bytesPerSecondToIt: number;
  readonly bytesSinceUnchoke: number;
  readonly unchokedAtMs: number;
  /** When its last slot ended; 0 when it never had one. */
  readonly chokedAtMs: number;
  readonly connectedAtMs: number;
}

export interface ChokeRules {
  readonly isSeeding: boolean;
  readonly slots: number;
  readonly nowMs: number;
  readonly random: Random;
  /** Seeding: a peer keeps its slot until it got this much, or had it for a minute: enough pieces to trade with others. */
  readonly quotaBytes: number;
}

export interface Choice<Peer> {
  readonly unchoked: ReadonlySet<Peer>;
  /** Unchoked at random from now on, for `optimisticMs`. */
  readonly newlyOptimistic: readonly Peer[];
}

export const optimisticMs = 30_000;
const leastTurnMs = 60_000;
/** Who takes nothing in this time does not want its slot. */
const idleTurnMs = 10_000;
/** A newcomer is three times as likely to be tried as one that was here before (BEP 3). */
const newcomerMs = 60_000;
const newcomerWeight = 3;

export function chooseUnchoked<Peer extends ChokeCandidate>(
  peers: Iterable<Peer>,
  rules: ChokeRules,
): Choice<Peer> {
  const interested = [...peers].filter((peer) => peer.isInterested);
  if (interested.length <= rules.slots) return { unchoked: new Set(interested), newlyOptimistic: [] };
  return rules.isSeeding ? chooseSeeding(interested, rules) : chooseTrading(interested, rules);
}

function chooseTrading<Peer extends ChokeCandidate>(peers: Peer[], rules: ChokeRules): Choice<Peer> {
  const optimisticSlots = rules.slots < 2 ? 0 : Math.max(1, Math.floor(rules.slots / 5));
  const earned = peers
    .filter((peer) => !peer.isSnubbing && peer.bytesPerSecondFromIt > 0)
    .sort(
      (a, b) =>
        b.bytesPerSecondFromIt - a.bytesPerSecondFromIt || Number(b.isUnchoked) - Number(a.isUnchoked),
    );
  const unchoked = new Set(earned.slice(0, rules.slots - optimisticSlots));
  const rest = peers.filter((peer) => !unchoked.has(peer));
  for (const peer of rest)
    if (unchoked.size < rules.slots && peer.isUnchoked && peer.optimisticUntilMs > rules.nowMs)
      unchoked.add(peer);
  const newlyOptimistic: Peer[] = [];
  const waiting = rest.filter((peer) => !unchoked.has(peer));
  // Those that snub us are tried again only when there is nobody else.
  for (const group of [
    waiting.filter((peer) => !peer.isSnubbing),
    waiting.filter((peer) => peer.isSnubbing),
  ]) {
    while (unchoked.size < rules.slots && group.length > 0) {
      const peer = takeByWeight(group, rules);
      unchoked.add(peer);
      newlyOptimistic.push(peer);
    }
  }
  return { unchoked, newlyOptimistic };
}

function chooseSeeding<Peer extends ChokeCandidate>(peers: Peer[], rules: ChokeRules): Choice<Peer> {
  const hasHadItsTurn = (peer: Peer) =>
    peer.isUnchoked &&
    (peer.bytesSinceUnchoke >= rules.quotaBytes ||
      rules.nowMs - peer.unchokedAtMs >= (peer.bytesSinceUnchoke === 0 ? idleTurnMs : leastTurnMs));
  const wastedItsTurn = (peer: Peer) =>
    peer.bytesSinceUnchoke === 0 && (peer.isUnchoked ? hasHadItsTurn(peer) : peer.chokedAtMs > 0);
  // 0: in the middle of its turn; 1: waiting, longest first; 2: had its turn; 3: had one, and took nothing.
  const group = (peer: Peer) =>
    wastedItsTurn(peer) ? 3 : !peer.isUnchoked ? 1 : hasHadItsTurn(peer) ? 2 : 0;
  const order = peers.map((peer) => ({ peer, group: group(peer) }));
  order.sort(
    (a, b) =>
      a.group - b.group ||
      (a.group === 1 || a.group === 3
        ? a.peer.chokedAtMs - b.peer.chokedAtMs || a.peer.connectedAtMs - b.peer.connectedAtMs
        : b.peer.bytesPerSecondToIt - a.peer.bytesPerSecondToIt),
  );
  // Of those that are at the same host, the first has one before it, the second two…
  const atHost = new Map<string, number>();
  const ranked = order.map(({ peer, group }) => {
    const rank = atHost.get(peer.host) ?? 0;
    atHost.set(peer.host, rank + 1);
    return { peer, group, rank: group === 1 ? rank : 0 };
  });
  ranked.sort((a, b) => a.group - b.group || a.rank - b.rank);
  return {
    unchoked: new Set(ranked.slice(0, rules.slots).map(({ peer }) => peer)),
    newlyOptimistic: [],
  };
}

function takeByWeight<Peer extends ChokeCandidate>(peers: Peer[], rules: ChokeRules): Peer {
  const weight = (peer: Peer) => (rules.nowMs - peer.connectedAtMs < newcomerMs ? newcomerWeight : 1);
  let ticket = rules.random.below(peers.reduce((sum, peer) => sum + weight(peer), 0));
  let chosen = peers.length - 1;
  for (const [index, peer] of peers.entries()) {
    ticket -= weight(peer);
    if (ticket < 0) {
      chosen = index;
      break;
    }
  }
  const [peer] = peers.splice(chosen, 1);
  if (peer === undefined) throw new RangeError('nobody to choose from');
  return peer;
}

const leastSlots = 8;
const mostSlots = 64;
/** Under a limit below eight times this there are fewer: a block would take a peer many seconds, and most would give up. */
const leastRateOfSlot = 5_000;
const leastSlotsLimited = 3;

/**
 * Slots follow the upload rate: 8 up to 2 MB/s, 18 at 10 MB/s, 57 at 100 MB/s. Of more, each would bring its piece later, and
 * whoever has no whole piece passes none on: 100 peers with 2.5 MB/s each had 8 MiB after 9 s with 9 slots, 12 s with 28.
 */
export function slotsFor(bytesPerSecond: number, limit = Number.POSITIVE_INFINITY): number {
  const worthWhile = Math.max(leastSlotsLimited, Math.floor(limit / leastRateOfSlot));
  const least = Math.min(leastSlots, worthWhile);
  return Math.max(least, Math.min(mostSlots, Math.floor(Math.sqrt(bytesPerSecond / 30_000))));
}
