// Digits to a number, for integers that were checked before.

/** Undefined beyond ±(2^53 - 1). */
export function readDigits(bytes: Uint8Array, start: number, end: number): number | undefined {
  const negative = bytes[start] === 0x2d;
  let value = 0;
  for (let at = negative ? start + 1 : start; at < end; at++) value = value * 10 + ((bytes[at] ?? 0) - 0x30);
  if (value > Number.MAX_SAFE_INTEGER) return undefined;
  return negative && value !== 0 ? -value : value;
}
