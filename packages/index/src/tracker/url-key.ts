// Where a private tracker's announce key stands in its URL: "/announce/KEY", "/KEY/announce" or "?passkey=KEY". It is
// the same for UDP, whose packets carry path and query (BEP 41).

export function keyOfUrl(pathAndQuery: string): string {
  const [path = '', query = ''] = pathAndQuery.split('?');
  const inQuery = /(?:^|&)passkey=([A-Za-z0-9_-]+)(?:&|$)/.exec(query)?.[1];
  return inQuery ?? keyOfPath(path);
}

export function keyOfPath(path: string): string {
  const [, before, after] = /^\/(?:([^/]+)\/)?(?:announce|scrape)(?:\/([^/]+))?$/.exec(path) ?? [];
  return before ?? after ?? '';
}
