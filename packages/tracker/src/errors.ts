// What can go wrong between us and a tracker, for people and programs.

import { RoomError } from '@shoal/base';

export type TrackerErrorCode =
  /** The tracker said no; the message is its own. */
  | 'failure'
  /** It answered with something that is no answer. */
  | 'malformed'
  | 'too-large'
  | 'http-status'
  | 'redirect'
  | 'unreachable'
  | 'timeout'
  | 'unsupported'
  | 'aborted';

export class TrackerError extends RoomError<TrackerErrorCode> {
  /** Seconds after which the tracker wants to be asked again; Infinity for never (BEP 31). */
  readonly retryInSeconds: number | undefined;

  constructor(
    code: TrackerErrorCode,
    message: string,
    options: { value?: unknown; cause?: unknown; retryInSeconds?: number | undefined } = {},
  ) {
    super(code, message, options);
    this.retryInSeconds = options.retryInSeconds;
  }
}
