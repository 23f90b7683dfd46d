// An announce as a tracker reads it, many thousand times a second: one object that is filled anew each time, with the
// hashes left where they lie.

/** As BEP 15 numbers them. "paused" (BEP 21, a partial seed) has no number there; libtorrent sends 4. */
export const announceEvents = { none: 0, completed: 1, started: 2, stopped: 3, paused: 4 } as const;

export class AnnounceFields {
  /** Holds the 20 bytes of the info hash at `hashAt`, and those of the peer id at `peerIdAt`. */
  bytes: Uint8Array = new Uint8Array(40);
  hashAt = 0;
  peerIdAt = 20;
  port = 0;
  uploaded = 0;
  downloaded = 0;
  /** -1 where it is not known. */
  left = -1;
  /** One of `announceEvents`. */
  event: number = announceEvents.none;
  /** -1 leaves it to the tracker. */
  peersWanted = -1;
  /** HTTP: peers as dictionaries in place of compact bytes, and these without their ids. */
  isCompact = true;
  isWithoutPeerIds = false;
  /** What it says its own addresses are (BEP 3, 7), as text; never to be believed as such. */
  ownAddresses: readonly string[] = [];
}
