// The client-server way as a yardstick: nginx sends a file, curl writes it to disk, and nobody verifies it.

import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { pathOf } from '../clients/installed.ts';
import { start } from '../clients/process.ts';

export interface Measurement {
  readonly seconds: number;
  readonly seederCpuSeconds: number;
  readonly receiverCpuSeconds: number;
  readonly seederBytes: number;
  readonly receiverBytes: number;
}

const port = 17_090;

export const nginxToCurl = {
  name: 'nginx to curl, unverified',
  scenarios: ['one'],
  async transfer(
    _scenario: unknown,
    payload: { folder: string; path: string },
    folder: string,
  ): Promise<Measurement> {
    mkdirSync(join(folder, 'logs'));
    const config = join(folder, 'nginx.conf');
    writeFileSync(
      config,
      `daemon off; master_process off; error_log ${folder}/error.log; pid ${folder}/nginx.pid; user root;
       events {}
       http { access_log off; sendfile on; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p;
         fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
         server { listen 127.0.0.1:${port}; root ${payload.folder}; } }`,
    );
    const nginx = start(pathOf('nginx') ?? 'nginx', ['-p', folder, '-c', config], {
      log: join(folder, 'nginx.log'),
    });
    try {
      await listening(port);
      const before = nginx.measure().cpuSeconds;
      const began = performance.now();
      const url = `http://127.0.0.1:${port}/payload.bin`;
      const curl = start('curl', ['-sf', '-o', join(folder, 'got.bin'), url], {
        log: join(folder, 'curl.log'),
        measureEveryMs: 10,
      });
      const code = await curl.exited;
      if (code !== 0) throw new Error(`curl ended with ${code}`);
      return {
        seconds: (performance.now() - began) / 1000,
        seederCpuSeconds: nginx.measure().cpuSeconds - before,
        receiverCpuSeconds: curl.usage.cpuSeconds,
        seederBytes: nginx.usage.peakAnonymousBytes,
        receiverBytes: curl.usage.peakAnonymousBytes,
      };
    } finally {
      await nginx.stop();
    }
  },
};

async function listening(at: number): Promise<void> {
  for (;;) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(at, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
