// What a person sees who opens the index in a browser: what it is, and how to use it. No addresses of peers.

import type { IndexResponse } from './http/routes.ts';

export interface PageFacts {
  readonly host: string;
  readonly isEncrypted: boolean;
  readonly kind: 'open' | 'listed' | 'private';
  readonly swarms: number;
  readonly peers: number;
}

const about: Readonly<Record<PageFacts['kind'], string>> = {
  open: 'It is open to all.',
  listed: 'It serves what its operator has listed, and nothing else.',
  private: 'It serves those who have an announce key from its operator.',
};

export function pageResponse({ host, isEncrypted, kind, swarms, peers }: PageFacts): IndexResponse {
  const path = kind === 'private' ? '/announce/KEY' : '/announce';
  const urls = [`${isEncrypted ? 'https' : 'http'}://${host}${path}`, `udp://${host}${path}`];
  const body = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Shoal index</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }
  code { background: #8882; padding: .1em .3em; border-radius: 3px; }
  :root { color-scheme: light dark; }
</style>
<h1>A Shoal index</h1>
<p>This is an index of a peer-to-peer network: it knows who has what, so that those who look for it find them.
${about[kind]} The files stay with the peers.</p>
<p>As a tracker it is reached at ${urls.map((url) => `<code>${harmless(url)}</code>`).join(' and ')}.</p>
<p>It knows ${peers} peers in ${swarms} swarms now.
<a href="/health">Health</a>, <a href="/metrics">metrics</a>.</p>
</html>
`;
  const headers = {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
    'X-Content-Type-Options': 'nosniff',
  };
  return { status: 200, headers, body };
}

/** The host is what the one who asks wrote into its request. */
function harmless(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9.:[\]/-]/g, '');
}
