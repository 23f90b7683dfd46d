// Query strings as trackers use them: values are raw bytes, percent-encoded.

const unreserved = /[A-Za-z0-9\-._~]/;
const encodedByte = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return unreserved.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});

export function percentEncode(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += encodedByte[byte];
  return text;
}
