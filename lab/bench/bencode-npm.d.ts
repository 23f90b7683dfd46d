// The parts of npm's `bencode` 4 that the benchmark calls; the package has no types.
declare module 'bencode' {
  const bencode: { decode(bytes: Uint8Array): unknown; encode(value: unknown): Uint8Array };
  export default bencode;
}
