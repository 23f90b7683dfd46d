export type * from './channel.ts';
export * from './crowd.ts';
export * from './errors.ts';
export { createTcpTransport, type TcpTransportOptions } from './tcp/tcp-transport.ts';
export type * from './transport.ts';
