// The few things of npm's bittorrent-tracker that the lab uses; the package has no types.

declare module 'bittorrent-tracker' {
  interface Bound {
    address(): { port: number };
  }
  export class Server {
    constructor(options: { ws: boolean; stats: boolean; udp?: boolean; http?: boolean });
    on(event: 'warning', handler: () => void): void;
    readonly http: Bound;
    readonly udp4: Bound;
    readonly udp6: Bound;
    listen(port: number, done: () => void): void;
    close(done: () => void): void;
  }
}
