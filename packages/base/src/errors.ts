// The shape of every error that a room shows: a code that programs can rely on, a sentence for people,
// and the offending value, cut short.

const longestValue = 120;

export class RoomError<Code extends string> extends Error {
  readonly code: Code;
  /** What was wrong, as text, cut to 120 characters. */
  readonly value: string | undefined;

  constructor(code: Code, message: string, options: { value?: unknown; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.value = options.value === undefined ? undefined : shorten(options.value);
  }
}

function shorten(value: unknown): string {
  const text = typeof value === 'string' ? value : String(value);
  return text.length > longestValue ? `${text.slice(0, longestValue - 1)}…` : text;
}
