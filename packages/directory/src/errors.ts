// What can go wrong between a user and an index, for people and programs on both sides.

import { RoomError } from '@shoal/base';

export type DirectoryErrorCode =
  /** A signed record that is no lease, or says what no lease may say. */
  | 'bad-lease'
  | 'too-many-offers'
  /** A signed record that is no publication, withdrawal, rating or report, or says what none may say. */
  | 'bad-publication'
  /** A body that is no registration. */
  | 'bad-registration'
  /** The index said no; `refusal` is its code, the message its own. */
  | 'refused'
  /** It answered with something that is no answer. */
  | 'malformed'
  | 'too-large'
  | 'http-status'
  | 'unreachable'
  | 'timeout'
  | 'unsupported'
  | 'aborted';

export class DirectoryError extends RoomError<DirectoryErrorCode> {
  /** The index's own code: `clock-skew`, `old-sequence` … */
  readonly refusal: string | undefined;
  /** When the index wants to be asked again. */
  readonly retryInSeconds: number | undefined;
  /** With `old-sequence`: the sequence that it has. */
  readonly sequence: number | undefined;

  constructor(
    code: DirectoryErrorCode,
    message: string,
    options: {
      readonly value?: unknown;
      readonly cause?: unknown;
      readonly refusal?: string | undefined;
      readonly retryInSeconds?: number | undefined;
      readonly sequence?: number | undefined;
    } = {},
  ) {
    super(code, message, options);
    this.refusal = options.refusal;
    this.retryInSeconds = options.retryInSeconds;
    this.sequence = options.sequence;
  }
}
