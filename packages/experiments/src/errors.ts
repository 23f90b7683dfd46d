// What can be wrong about an experiment that somebody asks for.

import { RoomError } from '@shoal/base';

export type ExperimentErrorCode =
  /** A size, share or count with which nothing can be measured. */
  'invalid';

export class ExperimentError extends RoomError<ExperimentErrorCode> {}
