// What is looked for in the DHT, in words: info hashes and targets in hexadecimal, links and torrent files; and values
// of items, as text where they are text.

import { decodeBencode, fromHex, fromUtf8, toHex } from '@shoal/base';
import type { Item } from '@shoal/dht';
import { CliError } from '../exit-codes.ts';
import { readSource } from '../transferring/sources.ts';
import type { Context } from '../verb.ts';

const keyBytes = 20;

export function parseTarget(text: string): Uint8Array {
  const bytes = fromHex(text);
  if (bytes?.length !== keyBytes)
    throw new CliError('usage', `A target is 40 hexadecimal digits, not ${text}.`);
  return bytes;
}

/** The hashes that peers of it are found under; a hybrid torrent has two. */
export async function parseInfoHashes(context: Context, what: string): Promise<Uint8Array[]> {
  const bytes = fromHex(what);
  if (bytes !== undefined && (bytes.length === keyBytes || bytes.length === 32))
    return [bytes.subarray(0, keyBytes)];
  const source = await readSource(await context.world(), what);
  const { v1, v2 } = source.kind === 'magnet' ? source.magnet.infoHashes : source.torrent.infoHashes;
  return [v1, v2?.subarray(0, keyBytes)].filter((hash) => hash !== undefined);
}

/** A string as text, or in hexadecimal when it is none; everything else as its bencode. */
export function valueText({ raw }: Item): string {
  const value = decodeBencode(raw, { lenient: true });
  const text = value.kind === 'string' ? value.asText() : fromUtf8(raw);
  return text ?? toHex(value.asBytes() ?? raw);
}
