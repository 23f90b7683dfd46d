// The blocks of one piece that is being fetched.
// Invariant: a block is free (nobody was asked), asked (of `owner`, and in endgame of others too), or received;
// `freeCount` and `receivedCount` are the numbers of blocks in those states. Records are reused: nothing is
// allocated for a block, and for a piece only while more pieces are open than ever before.

const blockFree = 0;
export const blockAsked = 1;
export const blockReceived = 2;

export const nobody = -1;

export class OpenPiece {
  piece = -1;
  blockCount = 0;
  freeCount = 0;
  receivedCount = 0;
  /** The fast peer that has this piece to itself, or nobody. */
  exclusiveTo = nobody;
  state: Uint8Array;
  owner: Int32Array;
  /** No block before this one is free. */
  #firstFree = 0;
  /** Neighbours among the open pieces, oldest first. */
  older: OpenPiece | undefined;
  newer: OpenPiece | undefined;

  constructor(blocks: number) {
    this.state = new Uint8Array(blocks);
    this.owner = new Int32Array(blocks);
  }

  begin(piece: number, blockCount: number): void {
    if (this.state.length < blockCount) {
      this.state = new Uint8Array(blockCount);
      this.owner = new Int32Array(blockCount);
    }
    this.piece = piece;
    this.blockCount = blockCount;
    this.freeCount = blockCount;
    this.receivedCount = 0;
    this.exclusiveTo = nobody;
    this.#firstFree = 0;
    this.state.fill(blockFree, 0, blockCount);
    this.owner.fill(nobody, 0, blockCount);
  }

  /** The first free block, now asked of `slot`; -1 when none is free. */
  askNext(slot: number): number {
    if (this.freeCount === 0) return -1;
    let block = this.#firstFree;
    while (this.state[block] !== blockFree) block++;
    this.#firstFree = block + 1;
    this.state[block] = blockAsked;
    this.owner[block] = slot;
    this.freeCount--;
    return block;
  }

  isFree(block: number): boolean {
    return block < this.blockCount && this.state[block] === blockFree;
  }

  free(block: number): void {
    if (this.state[block] === blockFree) return;
    if (this.state[block] === blockReceived) this.receivedCount--;
    this.state[block] = blockFree;
    this.owner[block] = nobody;
    this.freeCount++;
    if (block < this.#firstFree) this.#firstFree = block;
  }

  receive(block: number, slot: number): void {
    if (this.state[block] === blockFree) this.freeCount--;
    this.state[block] = blockReceived;
    this.owner[block] = slot;
    this.receivedCount++;
  }

  checkInvariants(): string[] {
    let free = 0;
    let received = 0;
    for (let block = 0; block < this.blockCount; block++) {
      const state = this.state[block];
      if (state === blockFree) {
        free++;
        if (block < this.#firstFree) return [`piece ${this.piece}: block ${block} is free before the cursor`];
      } else if (state === blockReceived) received++;
      else if (this.owner[block] === nobody)
        return [`piece ${this.piece}: block ${block} is asked of nobody`];
    }
    return free === this.freeCount && received === this.receivedCount
      ? []
      : [
          `piece ${this.piece}: ${free} free and ${received} received, counted ${this.freeCount} and ${this.receivedCount}`,
        ];
  }
}
