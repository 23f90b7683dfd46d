// What a request says: of its address, of a form, or of a form with files. Invariant: bounded by its body, and in how many
// parts it may have; a part that is cut off is an error, not a shorter one.

import { maxTorrentLength } from '@shoal/metainfo';
import { longestFormField, mostFormFields, mostFormFiles } from '../bounds.ts';
import { WebApiError } from './errors.ts';

export interface FormFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export class Form {
  readonly fields: ReadonlyMap<string, string>;
  readonly files: readonly FormFile[];

  constructor(fields: ReadonlyMap<string, string>, files: readonly FormFile[] = []) {
    this.fields = fields;
    this.files = files;
  }

  /** Undefined where it is not given. */
  text(name: string): string | undefined {
    return this.fields.get(name);
  }

  needed(name: string): string {
    const value = this.fields.get(name);
    if (value === undefined) throw new WebApiError('bad-request', `${name} is missing`);
    return value;
  }

  /** Undefined for what is neither yes nor no. */
  flag(name: string): boolean | undefined {
    const value = this.fields.get(name)?.trim().toLowerCase();
    return value === 'true' || value === '1' ? true : value === 'false' || value === '0' ? false : undefined;
  }

  /** Undefined where it is not given, or empty. */
  number(name: string): number | undefined {
    const value = this.fields.get(name)?.trim() ?? '';
    if (value === '') return undefined;
    const number = Number(value);
    if (!/^[+-]?\d/.test(value) || !Number.isFinite(number))
      throw new WebApiError('bad-request', `${name} is no number`);
    // Beyond this nobody means more by it.
    return Math.max(-1e15, Math.min(number, 1e15));
  }

  list(name: string, separator: string): string[] {
    return (this.fields.get(name) ?? '')
      .split(separator)
      .map((part) => part.trim())
      .filter((part) => part !== '');
  }
}

export async function readForm(
  address: string,
  type: string | undefined,
  body: Uint8Array | undefined,
): Promise<Form> {
  const question = address.indexOf('?');
  const asked = question < 0 ? new Map<string, string>() : fieldsOf(address.slice(question + 1));
  if (body === undefined || body.length === 0) return new Form(asked);
  if (type !== undefined && /^\s*multipart\/form-data/i.test(type)) {
    const { fields, files } = await readParts(type, body);
    return new Form(new Map([...asked, ...fields]), files);
  }
  // Whatever it is called: some name no type at all.
  return new Form(new Map([...asked, ...fieldsOf(Buffer.from(body).toString())]));
}

function fieldsOf(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (fields.size >= mostFormFields) throw new WebApiError('too-large', 'There are too many fields.');
    fields.set(name, value);
  }
  return fields;
}

async function readParts(type: string, body: Uint8Array): Promise<Form> {
  const { Busboy } = await import('@fastify/busboy');
  const fields = new Map<string, string>();
  const files: FormFile[] = [];
  await new Promise<void>((resolve, reject) => {
    const tooLarge = () =>
      reject(new WebApiError('too-large', 'There are too many parts, or too long ones.'));
    const wrong = () => reject(new WebApiError('bad-request', 'This is no form as its type says.'));
    let parser: InstanceType<typeof Busboy>;
    try {
      parser = new Busboy({
        headers: { 'content-type': type },
        limits: {
          fields: mostFormFields,
          fieldSize: longestFormField,
          files: mostFormFiles,
          fileSize: maxTorrentLength,
          headerPairs: 20,
        },
      });
    } catch {
      wrong();
      return;
    }
    parser.on('field', (name, value, _nameTruncated, valueTruncated) => {
      if (valueTruncated) tooLarge();
      fields.set(name, value);
    });
    parser.on('file', (_field, stream, name) => {
      const chunks: Uint8Array[] = [];
      stream.on('data', (chunk: Uint8Array) => chunks.push(chunk));
      stream.on('limit', tooLarge);
      stream.on('end', () => files.push({ name: name ?? '', bytes: new Uint8Array(Buffer.concat(chunks)) }));
    });
    for (const limit of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const) parser.on(limit, tooLarge);
    parser.on('error', wrong);
    parser.on('finish', () => resolve());
    parser.end(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
  });
  return new Form(fields, files);
}
