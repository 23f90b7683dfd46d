// nginx, as Debian ships it: files of a folder over HTTP and, with a certificate, HTTPS.

import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { missingPrograms, pathOf } from './installed.ts';
import { type Program, start } from './process.ts';

export interface WebServerTask {
  /** Whose files are served. */
  readonly root: string;
  /** For its configuration and logs. */
  readonly state: string;
  readonly address: string;
  readonly port: number;
  /** Files; serves https: then. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** More lines for the server block. */
  readonly more?: string;
  readonly prefix?: readonly string[];
}

export const missingNginx = (): string | undefined => missingPrograms('nginx');

/** Resolves when it takes connections. */
export async function startNginx(task: WebServerTask): Promise<Program> {
  const { root, state, address, port, tls, more = '' } = task;
  mkdirSync(join(state, 'logs'), { recursive: true });
  const config = join(state, 'nginx.conf');
  const secure =
    tls === undefined ? '' : `ssl_certificate ${tls.certificate}; ssl_certificate_key ${tls.key};`;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${state}/${name};`,
  );
  writeFileSync(
    config,
    `daemon off; master_process off; error_log ${state}/error.log; pid ${state}/nginx.pid;
     events {}
     http { access_log off; sendfile on; default_type application/octet-stream; ${temporary.join(' ')}
       server { listen ${address}:${port}${tls === undefined ? '' : ' ssl'}; root ${root}; ${secure} ${more} } }`,
  );
  const nginx = start(pathOf('nginx') ?? 'nginx', ['-p', state, '-c', config], {
    log: join(state, 'nginx.log'),
    prefix: task.prefix ?? [],
  });
  while (!(await isOpen(address, port))) {
    const ended = await Promise.race([nginx.exited, new Promise<void>((go) => setTimeout(go, 20))]);
    if (ended !== undefined) throw new Error(`nginx ended with ${ended}; see ${state}/nginx.log`);
  }
  return nginx;
}

function isOpen(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address);
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
