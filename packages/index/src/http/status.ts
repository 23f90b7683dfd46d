// HTTP's status codes as words, and as codes in our error bodies.

const reasons: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  204: 'No Content',
  206: 'Partial Content',
  301: 'Moved Permanently',
  302: 'Found',
  304: 'Not Modified',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  417: 'Expectation Failed',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
};

export function reasonOf(status: number): string {
  return reasons[status] ?? 'Unknown';
}

/** For what the server itself refuses. */
export function codeOfStatus(status: number): string {
  if (status === 401) return 'unauthorized';
  if (status === 408) return 'timeout';
  if (status === 415) return 'packed';
  return status === 413 || status === 414 || status === 431 ? 'too-large' : 'invalid';
}
