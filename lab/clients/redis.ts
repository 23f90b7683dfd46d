// A redis-server (or valkey-server) of its own for a test: on loopback, in memory or with a log of what it took.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathOf } from './installed.ts';

export interface RedisServer {
  readonly url: string;
  /** Ends it as a power cut does. */
  kill(): Promise<void>;
  /** Again at the same port, with what it had written down. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export function redisProgram(): string | undefined {
  return pathOf('redis-server') ?? pathOf('valkey-server');
}

export async function startRedis({ keeps = false, password = '' } = {}): Promise<RedisServer> {
  const program = redisProgram();
  if (program === undefined) throw new Error('no redis-server is installed');
  const folder = await mkdtemp(join(tmpdir(), 'shoal-redis-'));
  const port = await freePort();
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
  if (keeps) args.push('--appendonly', 'yes', '--appendfsync', 'always');
  if (password !== '') args.push('--requirepass', password);
  let child = await run();

  async function run() {
    const started = spawn(program ?? '', args, { stdio: 'ignore' });
    for (;;) {
      if (started.exitCode !== null) throw new Error(`redis-server ended with ${started.exitCode}`);
      if (await answers(port)) return started;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  return {
    url: `redis://${password === '' ? '' : `:${password}@`}127.0.0.1:${port}`,
    kill,
    async restart() {
      await kill();
      child = await run();
    },
    async stop() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
