import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FollowOptions, type Http, RedirectError, requestFollowing } from '@shoal/base';

/** Hosts by address, and where each URL leads; what leads nowhere answers 200. */
function web(
  addresses: Record<string, string>,
  leads: Record<string, string>,
): { http: Http; seen: string[] } {
  const seen: string[] = [];
  const http: Http = {
    async request({ url, allowAddress }) {
      const { hostname } = new URL(url);
      const address = addresses[hostname] ?? hostname.replace(/^\[|\]$/g, '');
      if (allowAddress?.(address) === false) throw new Error('not allowed');
      seen.push(url);
      const location = leads[url];
      return {
        status: location === undefined ? 200 : 302,
        headers: location === undefined ? {} : { location },
        remoteAddress: address,
        read: ({ close }) => close(),
        pause() {},
        resume() {},
        destroy() {},
      };
    },
  };
  return { http, seen };
}

const usual: FollowOptions = { mostRedirects: 3, localReach: 'own-host' };
const hosts = {
  'a.example': '203.0.114.1',
  'b.example': '198.18.9.9',
  'inside.example': '10.1.2.3',
  nas: '192.168.1.9',
};

async function leadsTo(url: string, leads: Record<string, string>, options = usual): Promise<string> {
  const { http } = web({ ...hosts, 'b.example': '9.9.9.9' }, leads);
  try {
    const followed = await requestFollowing(http, { url }, options);
    return followed.url;
  } catch (error) {
    assert.ok(error instanceof RedirectError, String(error));
    return error.code;
  }
}

test('a redirect is followed to its end, and relative ones too', async () => {
  const leads = { 'http://a.example/x/y': '../z', 'http://a.example/z': 'http://b.example/' };
  assert.equal(await leadsTo('http://a.example/x/y', leads), 'http://b.example/');
});

test('a loop ends', async () => {
  const { http, seen } = web(hosts, { 'http://a.example/': '/' });
  await assert.rejects(requestFollowing(http, { url: 'http://a.example/' }, usual), { code: 'too-many' });
  assert.equal(seen.length, usual.mostRedirects + 1);
});

test('a public server leads to no address of ours, by name or number, first hop or later', async () => {
  const inside = [
    'http://127.0.0.1/',
    'http://[::1]:80/',
    'http://10.0.0.1:631/',
    'http://169.254.169.254/latest',
    'http://inside.example/',
    'http://[::ffff:127.0.0.1]/',
    'http://0.0.0.0/',
  ];
  for (const to of inside) {
    assert.equal(await leadsTo('http://a.example/', { 'http://a.example/': to }), 'not-public', to);
    const later = { 'http://a.example/': 'http://b.example/', 'http://b.example/': to };
    assert.equal(await leadsTo('http://a.example/', later), 'not-public', to);
  }
  // Not even back to where it came from.
  const back = { 'http://nas/': 'http://a.example/', 'http://a.example/': 'http://nas/2' };
  assert.equal(await leadsTo('http://nas/', back), 'not-public');
});

test('a local server may lead to itself and to the public, and to other local ones only where that is said', async () => {
  assert.equal(await leadsTo('http://nas/', { 'http://nas/': 'https://nas:5001/f' }), 'https://nas:5001/f');
  assert.equal(await leadsTo('http://nas/', { 'http://nas/': 'http://a.example/' }), 'http://a.example/');
  const inwards = { 'http://nas/': 'http://inside.example/' };
  assert.equal(await leadsTo('http://nas/', inwards), 'not-public');
  assert.equal(
    await leadsTo('http://nas/', inwards, { ...usual, localReach: 'anywhere' }),
    'http://inside.example/',
  );
});

test('other schemes are not followed, and https to http only where what comes is verified', async () => {
  for (const to of ['file:///etc/passwd', 'ftp://a.example/', 'javascript:1', 'data:,x', 'http://'])
    assert.equal(await leadsTo('http://a.example/', { 'http://a.example/': to }), 'not-http', to);
  const down = { 'https://a.example/': 'http://b.example/' };
  assert.equal(await leadsTo('https://a.example/', down), 'insecure');
  assert.equal(
    await leadsTo('https://a.example/', down, { ...usual, mayTurnInsecure: true }),
    'http://b.example/',
  );
});
