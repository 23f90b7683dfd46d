// `watch.folders` of the config: folders, each with what becomes of what is put into it.

import { isAbsolute } from 'node:path';
import { NodeError } from '../errors.ts';
import { wordsOf } from '../release/command.ts';

export interface WatchSettings {
  readonly folder: string;
  readonly labels: readonly string[];
  /** Where its files go; else where its label says, or the downloads. */
  readonly to: string | undefined;
  readonly isPaused: boolean;
  readonly after: After;
}

/** What becomes of a torrent file that was taken. */
export type After =
  | { readonly kind: 'rename' }
  | { readonly kind: 'remove' }
  | { readonly kind: 'move'; readonly folder: string };

/** `/srv/drop label=tv to=/srv/tv after=remove; "/srv/other drop" paused`. Throws a NodeError `config-invalid`. */
export function watchSettings(text: string): WatchSettings[] {
  if (text === 'none') return [];
  const settings = text
    .split(/;(?=(?:[^"]*"[^"]*")*[^"]*$)/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(oneOf);
  const folders = settings.map(({ folder }) => folder);
  const twice = folders.find((folder, index) => folders.indexOf(folder) !== index);
  if (twice !== undefined) throw wrong(`${twice} stands there twice`, twice);
  return settings;
}

function oneOf(text: string): WatchSettings {
  const [folder = '', ...words] = wordsOf(text);
  if (!isAbsolute(folder)) throw wrong(`${folder} is no absolute path`, folder);
  let settings: WatchSettings = {
    folder,
    labels: [],
    to: undefined,
    isPaused: false,
    after: { kind: 'rename' },
  };
  for (const word of words) {
    const [, key = word, value = ''] = /^(\w+)=(.*)$/.exec(word) ?? [];
    switch (key) {
      case 'label':
        if (value === '' || value.includes(',')) throw wrong(`"${value}" is no label`, word);
        settings = { ...settings, labels: [...settings.labels, value] };
        break;
      case 'to':
        if (!isAbsolute(value)) throw wrong(`to=${value} is no absolute path`, word);
        settings = { ...settings, to: value };
        break;
      case 'paused':
        settings = { ...settings, isPaused: true };
        break;
      case 'after':
        settings = { ...settings, after: afterOf(value, word) };
        break;
      default:
        throw wrong(`"${word}" is none of label=NAME, to=DIR, paused and after=WHAT`, word);
    }
  }
  return settings;
}

function afterOf(value: string, word: string): After {
  if (value === 'rename' || value === 'remove') return { kind: value };
  const [, folder = ''] = /^move:(.*)$/.exec(value) ?? [];
  if (!isAbsolute(folder))
    throw wrong(`"${word}" is none of after=rename, after=remove and after=move:DIR`, word);
  return { kind: 'move', folder };
}

function wrong(what: string, value: string): NodeError {
  return new NodeError('config-invalid', `watch.folders: ${what}.`, { value });
}
