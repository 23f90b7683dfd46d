// Bytes of one file between the parts file and its own one, when it becomes wanted or is removed.
// Invariant: until all of them are copied they are read from where they were; what is answered can no longer be had.

import type { Bitfield } from '@shoal/base';
import type { FileSlot } from './file-slot.ts';
import type { PartsFile } from './parts-file.ts';
import { type Placement, readFrom } from './placement.ts';

/** Answers pieces whose bytes were not there. */
export async function moveOutOfParts(
  file: number,
  slot: FileSlot,
  { parts, placement, good }: { parts: PartsFile; placement: Placement; good: Bitfield },
): Promise<number[]> {
  const lost: number[] = [];
  for (const { piece, offset, length } of placement.rangesOf(file, good)) {
    const buffer = new Uint8Array(length);
    if (await readFrom(parts, [buffer], placement.offsetOf(file) + offset, length))
      await slot.write([buffer], offset);
    else lost.push(piece);
  }
  return lost;
}

/** What other files need for their pieces; answers the other pieces. */
export async function moveIntoParts(
  file: number,
  slot: FileSlot,
  { parts, placement, good }: { parts: PartsFile; placement: Placement; good: Bitfield },
): Promise<number[]> {
  const lost: number[] = [];
  for (const { piece, offset, length } of placement.rangesOf(file, good)) {
    const isShared = placement.isShared(piece, file);
    const buffer = new Uint8Array(isShared ? length : 0);
    if (isShared && (await readFrom(slot, [buffer], offset, length)))
      await parts.write([buffer], placement.offsetOf(file) + offset);
    else lost.push(piece);
  }
  if (parts.isMade) await parts.sync();
  return lost;
}
