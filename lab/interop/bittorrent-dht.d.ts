// The few things of npm's bittorrent-dht that the lab uses; the package has no types.

declare module 'bittorrent-dht' {
  interface Found {
    readonly v: Buffer;
    readonly seq?: number;
    readonly k?: Buffer;
  }
  interface Options {
    readonly bootstrap: readonly string[] | false;
    readonly verify?: (signature: Buffer, message: Buffer, key: Buffer) => boolean;
    readonly nodeId?: Buffer;
  }
  interface MutableItem {
    readonly v: Buffer;
    readonly k: Buffer;
    readonly seq: number;
    readonly salt?: Buffer;
    readonly sign: (message: Buffer) => Buffer;
  }
  export default class DHT {
    constructor(options: Options);
    listen(port: number, address: string, done: () => void): void;
    address(): { readonly port: number };
    on(event: 'ready' | 'error', handler: (error?: Error) => void): void;
    on(event: 'peer', handler: (peer: { host: string; port: number }, infoHash: Buffer) => void): void;
    addNode(node: { host: string; port: number }): void;
    announce(infoHash: Buffer, port: number, done: (error: Error | null) => void): void;
    lookup(infoHash: Buffer, done: (error: Error | null, count: number) => void): () => void;
    put(
      item: { readonly v: Buffer } | MutableItem,
      done: (error: Error | null, hash: Buffer, stored: number) => void,
    ): void;
    get(
      hash: Buffer,
      options: { readonly salt?: Buffer; readonly cache: boolean },
      done: (error: Error | null, found: Found | null) => void,
    ): void;
    toJSON(): { readonly nodes: readonly unknown[] };
    destroy(done: () => void): void;
  }
}
