// What it takes to listen to more than this machine: a certificate and its key, or somebody's word that it may go without.

import { readFile } from 'node:fs/promises';
import type { Config } from '../config/schema.ts';
import { NodeError } from '../errors.ts';
import { isLoopback } from './listen.ts';

export interface Tls {
  readonly cert: Uint8Array;
  readonly key: Uint8Array;
}

/** Undefined without TLS. Throws a NodeError `config-invalid` where that may not be. */
export async function tlsOf(config: Config): Promise<Tls | undefined> {
  const { 'tls.certificate': certificate, 'tls.key': key } = config;
  if (certificate !== 'none' && key !== 'none')
    return { cert: await read('tls.certificate', certificate), key: await read('tls.key', key) };
  if (certificate !== 'none' || key !== 'none')
    throw new NodeError('config-invalid', 'tls.certificate and tls.key belong together: one is missing.');
  if (isLoopback(config.api) || config['api-unencrypted'] === 'allow') return undefined;
  throw new NodeError(
    'config-invalid',
    `api is ${JSON.stringify(config.api)}, which others can reach: it takes tls.certificate and tls.key in the config, or --api-unencrypted. For this machine alone it is 127.0.0.1:4870.`,
    { value: config.api },
  );
}

async function read(key: string, path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new NodeError('config-invalid', `${key} cannot be read: ${why}.`, { value: path, cause });
  }
}
