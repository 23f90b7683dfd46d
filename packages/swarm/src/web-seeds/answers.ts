// What a server's answer to a request for a range is worth (RFC 9110): pure. Nothing of an answer is believed that
// does not fit what was asked for.

import * as bound from './bounds.ts';

export type WebFailureCode =
  // The file cannot be had from there.
  | 'not-found'
  | 'forbidden'
  | 'wrong-length'
  | 'not-the-file'
  | 'ignores-ranges'
  | 'bad-range'
  | 'encoded'
  | 'redirect'
  /** It is another file than when we began. */
  | 'changed'
  | 'refused'
  // The server is of no use for now.
  | 'busy'
  | 'server-error'
  | 'unreachable'
  | 'name-not-found'
  | 'tls'
  | 'timeout'
  | 'stalled'
  | 'slow'
  | 'broke-off'
  // For good.
  | 'lied'
  | 'unsupported';

export interface WebFailure {
  readonly code: WebFailureCode;
  /** About "it", the server. */
  readonly message: string;
  /** When it wants to be asked again. */
  readonly retryAfterMs?: number | undefined;
}

const aboutOneFile: ReadonlySet<WebFailureCode> = new Set<WebFailureCode>([
  'not-found',
  'forbidden',
  'wrong-length',
  'not-the-file',
  'ignores-ranges',
  'bad-range',
  'encoded',
  'redirect',
  'changed',
  'refused',
]);

/** Other files of the same server may be had all the same. */
export function isAboutOneFile({ code }: WebFailure): boolean {
  return aboutOneFile.has(code);
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

export interface WantedRange {
  readonly start: number;
  /** Not included. */
  readonly end: number;
  /** How long the file has to be; undefined when that is not known. */
  readonly fileLength: number | undefined;
  /** What may be read and dropped when the server sends the file from its start. */
  readonly longestSkip: number;
}

export interface UsableAnswer {
  /** The first byte of the body, in the file. */
  readonly start: number;
  /** Where the body ends, if it says so. */
  readonly end: number | undefined;
  /** It sends the whole file, whatever was asked for. */
  readonly isWhole: boolean;
  readonly fileLength: number | undefined;
}

export type Verdict =
  | { readonly usable: UsableAnswer; readonly failure?: undefined }
  | { readonly failure: WebFailure; readonly usable?: undefined };

export function judgeAnswer(answer: Answer, wanted: WantedRange, wallTimeMs: number): Verdict {
  const { status, headers } = answer;
  const encoding = (headers['content-encoding'] ?? '').trim().toLowerCase();
  if ((status === 200 || status === 206) && encoding !== '' && encoding !== 'identity')
    return no('encoded', `it packs what was asked for as it is (${encoding})`);
  if (status === 206) return judgePart(headers, wanted);
  if (status === 200) return judgeWhole(headers, wanted);
  // Of nothing, there is no range.
  if (status === 416 && wanted.fileLength === undefined && headers['content-range']?.trim() === 'bytes */0')
    return { usable: { start: 0, end: 0, isWhole: true, fileLength: 0 } };
  return { failure: statusFailure(answer, wallTimeMs) };
}

function judgePart(headers: Answer['headers'], wanted: WantedRange): Verdict {
  const text = headers['content-range'] ?? '';
  const match = /^\s*bytes\s+(\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)\s*$/i.exec(text);
  if (match === null) {
    const what =
      text === '' ? 'does not say which part' : `says nonsense of which part (${text.slice(0, 40)})`;
    return no('bad-range', `it sends a part of the file, and ${what}`);
  }
  const start = Number(match[1]);
  const end = Number(match[2]) + 1;
  const total = match[3] === '*' ? undefined : Number(match[3]);
  if (total !== undefined && wanted.fileLength !== undefined && total !== wanted.fileLength)
    return no('wrong-length', wrongLength(total, wanted.fileLength));
  const length = lengthOf(headers);
  if (total === undefined && wanted.fileLength === undefined)
    return no('bad-range', 'it does not say how long the file is');
  const isPossible = end > start && (total === undefined || end <= total);
  const isAsked = start === wanted.start && (length === undefined || length === end - start);
  if (!isPossible || !isAsked)
    return no('bad-range', `it sends another part (${start} to ${end}) than was asked for`);
  return { usable: { start, end, isWhole: false, fileLength: total } };
}

function judgeWhole(headers: Answer['headers'], wanted: WantedRange): Verdict {
  const length = lengthOf(headers);
  if (length !== undefined && wanted.fileLength !== undefined && length !== wanted.fileLength) {
    return /^\s*text\/html\b/i.test(headers['content-type'] ?? '')
      ? no('not-the-file', 'it sends a web page in place of the file')
      : no('wrong-length', wrongLength(length, wanted.fileLength));
  }
  if (wanted.start > wanted.longestSkip)
    return no(
      'ignores-ranges',
      `it sends files only from their start, and ${wanted.start} bytes of it are here`,
    );
  return { usable: { start: 0, end: length, isWhole: true, fileLength: length } };
}

function statusFailure({ status, headers }: Answer, wallTimeMs: number): WebFailure {
  const retryAfterMs = readRetryAfter(headers['retry-after'], wallTimeMs);
  const said = `(HTTP status ${status})`;
  if (status === 404 || status === 410) return { code: 'not-found', message: `it has no such file ${said}` };
  if (status === 401 || status === 403 || status === 407 || status === 451)
    return { code: 'forbidden', message: `it does not give the file out ${said}` };
  if (status === 416)
    return { code: 'wrong-length', message: `its file is shorter than it should be ${said}` };
  if (status === 412) return { code: 'changed', message: `the file has changed there ${said}` };
  if (status === 429 || status === 503) return { code: 'busy', message: `it is busy ${said}`, retryAfterMs };
  if (status >= 500)
    return { code: 'server-error', message: `it has trouble of its own ${said}`, retryAfterMs };
  return { code: 'refused', message: `it answers with something that is no file ${said}` };
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
function readRetryAfter(text: string | undefined, wallTimeMs: number): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\s*\d+\s*$/.test(text) ? Number(text) * 1000 : Date.parse(text) - wallTimeMs;
  return ms > 0 ? Math.min(ms, bound.longestRetryAfterMs) : undefined;
}

function lengthOf(headers: Answer['headers']): number | undefined {
  const text = headers['content-length']?.trim() ?? '';
  return /^\d{1,16}$/.test(text) ? Number(text) : undefined;
}

function wrongLength(is: number, should: number): string {
  return `its file has ${is} bytes, and not ${should}`;
}

function no(code: WebFailureCode, message: string): Verdict {
  return { failure: { code, message } };
}
