// Follows redirects as far as they may lead. A server on the public internet has no business sending us to our own
// machine or network; one that is local itself may send us on, as far as whoever asks lets it.

import { RoomError } from './errors.ts';
import { ipScope } from './ip-scope.ts';
import type { Http, HttpRequest, HttpResponse } from './world/http.ts';

export type RedirectErrorCode =
  /** More redirects than are followed: a loop, mostly. */
  | 'too-many'
  /** To something that is no http: or https: address. */
  | 'not-http'
  /** From https: to http:. */
  | 'insecure'
  /** To our own machine or network. */
  | 'not-public';

export class RedirectError extends RoomError<RedirectErrorCode> {}

export interface FollowOptions {
  readonly mostRedirects: number;
  /** Where a server that is local itself may lead, beside the public internet. */
  readonly localReach: 'anywhere' | 'own-host';
  /** What comes is verified by itself, so that https: may lead to http:. Default false. */
  readonly mayTurnInsecure?: boolean;
}

export interface FollowedResponse {
  readonly response: HttpResponse;
  /** Where it came from in the end. */
  readonly url: string;
}

/** Throws a RedirectError beside what `http` throws. */
export async function requestFollowing(
  http: Http,
  request: HttpRequest,
  options: FollowOptions,
): Promise<FollowedResponse> {
  const firstHost = hostOf(request.url);
  let url = request.url;
  let hasBeenPublic = false;
  for (let redirects = 0; redirects <= options.mostRedirects; redirects++) {
    const isAllowedLocal =
      redirects === 0 || (!hasBeenPublic && (options.localReach === 'anywhere' || hostOf(url) === firstHost));
    const response = await http.request({
      ...request,
      url,
      allowAddress(address) {
        if (!isAllowedLocal && ipScope(address) !== 'public') {
          throw new RedirectError(
            'not-public',
            `${firstHost} redirects to ${address}, which is not on the public internet`,
            { value: address },
          );
        }
        return request.allowAddress?.(address) ?? true;
      },
    });
    hasBeenPublic ||= ipScope(response.remoteAddress) === 'public';
    const { location } = response.headers;
    if (response.status < 300 || response.status >= 400 || location === undefined) return { response, url };
    response.destroy();
    url = next(url, location, options);
  }
  throw new RedirectError('too-many', `${firstHost} redirects more than ${options.mostRedirects} times`);
}

function next(from: string, location: string, { mayTurnInsecure = false }: FollowOptions): string {
  const to = URL.parse(location, from);
  if (to === null || (to.protocol !== 'http:' && to.protocol !== 'https:'))
    throw new RedirectError('not-http', `${hostOf(from)} redirects to something that is no web address`, {
      value: location,
    });
  if (!mayTurnInsecure && to.protocol === 'http:' && URL.parse(from)?.protocol === 'https:')
    throw new RedirectError('insecure', `${hostOf(from)} redirects from https to http`, { value: location });
  return to.href;
}

function hostOf(url: string): string {
  return URL.parse(url)?.hostname || 'the server';
}
