// An HTTP client over the World's own streams, so that a bind, a proxy or a simulator holds for it too.
// It follows no redirects and keeps no cookies: whoever asks decides what a redirect may lead to.

export interface HttpRequest {
  readonly method?: string;
  /** http: or https: only. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal;
  /**
   * Asked for every address the host resolved to, and for that of a kept connection. What it says false about is not
   * connected to; when nothing is left, the request rejects with `permission`.
   */
  readonly allowAddress?: (address: string) => boolean;
  /** PEM certificates to trust, beside the system's. */
  readonly trusted?: readonly string[];
  /** Reuse a kept-alive connection to the same origin, and leave it open for the next one. Default true. */
  readonly keepAlive?: boolean;
}

export interface HttpBodyHandlers {
  data(bytes: Uint8Array): void;
  /** After the last byte, or with an error when the body broke off. */
  close(error?: Error): void;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case; repeated ones joined with ", ". */
  readonly headers: Readonly<Record<string, string>>;
  /** The address that was really talked to. */
  readonly remoteAddress: string;
  /** Delivers the body; called once. Bytes are only valid during the call. */
  read(handlers: HttpBodyHandlers): void;
  /** Stops the server by way of the transport. What has arrived already may still come, at most one read of it. */
  pause(): void;
  resume(): void;
  /** Drops the rest of the body and the connection. */
  destroy(): void;
}

export interface Http {
  request(request: HttpRequest): Promise<HttpResponse>;
}
