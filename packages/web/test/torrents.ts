// Torrent files with the names a test wants, which no honest program would make; and content that browsers play.

import { createHash } from 'node:crypto';

type Value = string | number | Uint8Array | readonly Value[] | { readonly [key: string]: Value };

function encode(value: Value): Buffer {
  if (typeof value === 'number') return Buffer.from(`i${value}e`);
  if (typeof value === 'string') return encode(Buffer.from(value));
  if (value instanceof Uint8Array) return Buffer.concat([Buffer.from(`${value.length}:`), value]);
  if (Array.isArray(value)) return Buffer.concat([Buffer.from('l'), ...value.map(encode), Buffer.from('e')]);
  const entries = Object.entries(value)
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .flatMap(([key, item]) => [encode(key), encode(item)]);
  return Buffer.concat([Buffer.from('d'), ...entries, Buffer.from('e')]);
}

export interface Named {
  readonly name: string;
  readonly files: readonly string[];
  readonly comment: string;
}

/** As base64; each file holds its own name. */
export function makeTorrent({ name, files, comment }: Named): string {
  const contents = files.map((file) => Buffer.from(file));
  const whole = Buffer.concat(contents);
  const pieceLength = 16_384;
  const pieces: Buffer[] = [];
  for (let at = 0; at < whole.length; at += pieceLength) {
    pieces.push(
      createHash('sha1')
        .update(whole.subarray(at, at + pieceLength))
        .digest(),
    );
  }
  return encode({
    comment,
    'created by': comment.slice(0, 100),
    info: {
      files: files.map((path, index) => ({ length: contents[index]?.length ?? 0, path: [path] })),
      name,
      'piece length': pieceLength,
      pieces: Buffer.concat(pieces),
    },
  }).toString('base64');
}

/** Texts that have broken pages: markup, attributes, templates, addresses, directions, length. */
export const hostileTexts: readonly string[] = [
  '<script>window.broken=1</script>',
  '<img src=x onerror="window.broken=1">',
  '"><svg onload=window.broken=1>',
  `'"--></style></script><script>window.broken=1</script>`,
  '<iframe srcdoc="<script>parent.broken=1</script>">',
  'javascript:window.broken=1',
  '{{constructor.constructor("window.broken=1")()}}',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a text that some would take for a template
  '${window.broken=1}',
  '<a href="javascript:window.broken=1" autofocus onfocus=window.broken=1>x</a>',
  '<math><mtext></form><form><mglyph><style></math><img src onerror=window.broken=1>',
  '&lt;script&gt;window.broken=1&lt;/script&gt;',
  'cod\u202Egpj.exe',
  '\u2066\u2067\u2068מידע\u202E.txt',
  'zero\u200B\u200D\uFEFFwidth',
  '%3Cscript%3Ewindow.broken=1%3C/script%3E',
];

/** Seconds of silence as any browser plays them: 8 bits, 8000 times a second. */
export function makeTone(seconds: number): Buffer {
  const header = Buffer.from('RIFF....WAVEfmt ....................data....', 'latin1');
  const size = seconds * 8000;
  header.writeUInt32LE(36 + size, 4);
  header.writeUInt32LE(16, 16);
  for (const [value, at] of [
    [1, 20],
    [1, 22],
    [8000, 24],
    [0, 26],
    [8000, 28],
    [0, 30],
    [1, 32],
    [8, 34],
  ] as const)
    header.writeUInt16LE(value, at);
  header.writeUInt32LE(size, 40);
  return Buffer.concat([header, Buffer.alloc(size, 128)]);
}
