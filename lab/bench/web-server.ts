// The client-server way as a yardstick: nginx sends a file, curl writes it to disk, and nobody verifies it.

import { join } from 'node:path';
import { startNginx } from '../clients/nginx.ts';
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
    const nginx = await startNginx({ root: payload.folder, state: folder, address: '127.0.0.1', port });
    try {
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
