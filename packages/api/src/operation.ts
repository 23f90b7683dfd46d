// What one operation of the API is: an entry of the table in operations.ts, from which the server's routes, the
// OpenAPI document and the client's types follow.

export interface Operation {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** With `{name}` for what varies. */
  readonly path: string;
  readonly summary: string;
  /** Schemas (JSON Schema 2020-12) of the parts of a request. */
  readonly params?: object;
  readonly query?: object;
  readonly body?: object;
  /** The schema of a good answer; where there is none, it has no body. */
  readonly answer?: object;
  /** Of a good answer; 200 by default, 204 without a schema. */
  readonly status?: 201 | 202;
  /** For answers that are no JSON. */
  readonly answerType?: string;
}
