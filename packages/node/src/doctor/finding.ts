// What one look at this machine came to, in words for people.

export interface Finding {
  /** One word, which stays the same. */
  readonly check: string;
  /** `bad`: the node does not work, or not safely; `warn`: it works worse than it could. */
  readonly state: 'ok' | 'warn' | 'bad';
  readonly message: string;
  readonly advice?: string;
}

export function ok(check: string, message: string): Finding {
  return { check, state: 'ok', message };
}

export function warn(check: string, message: string, advice: string): Finding {
  return { check, state: 'warn', message, advice };
}

export function bad(check: string, message: string, advice: string): Finding {
  return { check, state: 'bad', message, advice };
}

export function wordsOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
}

export function gigabytes(bytes: number): string {
  const value = bytes / 1e9;
  return `${value >= 10 ? value.toFixed(0) : value.toFixed(1)} GB`;
}
