// The files of a transfer: which are wanted and how soon, and what can be played or looked at while it comes.

import type { FileChoice, TransferFile } from '@shoal/api';
import { useMemo, useRef, useState } from 'react';
import { formatBytes, formatShare, visible } from '../format.ts';
import { change } from '../node/session.ts';
import { Icon } from '../parts/icon.tsx';
import { Name } from '../parts/name.tsx';
import { Progress } from '../parts/progress.tsx';
import { Rows } from '../parts/rows.tsx';
import { useWidth } from '../parts/use-width.ts';
import { addressOf, go } from '../route.ts';
import { texts } from '../texts.ts';
import { attempt } from '../transfers/acting.ts';
import { useAnswer } from './ask.ts';
import { kindOf, Player } from './player.tsx';

const filesEveryMs = 2000;
const [rowHeight, narrowRowHeight] = [46, 84];
const priorities = ['skip', 'low', 'normal', 'high'] as const;

export function Files({ id, playing }: { readonly id: string; readonly playing: number | undefined }) {
  const request = useMemo(() => ({ params: { id } }), [id]);
  const { answer: files, again } = useAnswer('files', request, filesEveryMs);
  const [text, setText] = useState('');
  const scroller = useRef<HTMLDivElement>(null);
  const height = useWidth() < 760 ? narrowRowHeight : rowHeight;
  const shown = useMemo(
    () => files?.filter(({ path }) => path.toLowerCase().includes(text.toLowerCase())) ?? [],
    [files, text],
  );
  const words = texts.transfer.files;

  async function choose(choice: FileChoice): Promise<void> {
    await attempt(async () => {
      await change('chooseFiles', { params: { id }, body: choice });
      again();
    });
  }

  if (files === undefined) return <p className="loading">{texts.pages.loading}</p>;
  if (files.length === 0) return <p className="quiet">{words.none}</p>;
  const played = files.find(({ index }) => index === playing);
  const hasMedia = files.some(({ type }) => /^(?:video|audio)\//.test(type));
  return (
    <section className="files">
      {played !== undefined && (
        <Player
          key={played.index}
          id={id}
          file={played}
          onClose={() => go({ page: 'transfer', id, tab: 'files' })}
        />
      )}
      <div className="toolbar">
        <div className="search">
          <Icon name="search" />
          <input
            type="search"
            aria-label={words.search}
            placeholder={words.search}
            value={text}
            onChange={({ target }) => setText(target.value)}
          />
        </div>
        <select
          aria-label={words.all}
          value=""
          onChange={({ target }) => {
            const priority = priorities.find((name) => name === target.value);
            if (priority !== undefined) void choose({ priority, files: shown.map(({ index }) => index) });
          }}
        >
          <option value="" disabled>
            {words.all}
          </option>
          {priorities.map((name) => (
            <option key={name} value={name}>
              {words.priorities[name]}
            </option>
          ))}
        </select>
        {hasMedia && (
          <a className="button" href={`/api/transfers/${id}/playlist.m3u8`} download>
            {words.playlist}
          </a>
        )}
      </div>
      {shown.length === 0 ? (
        <p className="quiet">{words.noneFits}</p>
      ) : (
        <div className="card flush">
          <Rows
            count={shown.length}
            height={height}
            scroller={scroller}
            label={texts.transfer.tabs.files}
            className="files-list"
            fits
            row={(index, top) => {
              const file = shown[index];
              return file === undefined ? null : (
                <FileRow key={file.index} id={id} file={file} row={index + 1} top={top} onChoose={choose} />
              );
            }}
          />
        </div>
      )}
    </section>
  );
}

interface FileRowProps {
  readonly id: string;
  readonly file: TransferFile;
  readonly row: number;
  readonly top: number;
  readonly onChoose: (choice: FileChoice) => Promise<void>;
}

function FileRow({ id, file, row, top, onChoose }: FileRowProps) {
  const { path, size, bytes, priority, index, type } = file;
  const words = texts.transfer.files;
  const slash = path.lastIndexOf('/') + 1;
  const name = visible(path.slice(slash), 100);
  const kind = kindOf(type);
  return (
    <div className="row file" role="row" aria-rowindex={row} style={{ top }}>
      <div role="gridcell" className="name">
        {slash > 0 && (
          <span className="folder quiet">
            <Name text={path.slice(0, slash)} />
          </span>
        )}
        <span className="title">
          <Name text={path.slice(slash)} />
        </span>
      </div>
      <div role="gridcell" className="progress">
        <Progress share={size === 0 ? 1 : bytes / size} kind={priority === 'skip' ? 'rest' : 'busy'} />
        <span className="quiet">
          {formatShare(bytes, size)} · {formatBytes(size)}
        </span>
      </div>
      <div role="gridcell" className="choose">
        <select
          aria-label={words.priorityOf(name)}
          value={priority}
          onChange={({ target }) => {
            const wanted = priorities.find((known) => known === target.value);
            if (wanted !== undefined) void onChoose({ priority: wanted, files: [index] });
          }}
        >
          {priorities.map((known) => (
            <option key={known} value={known}>
              {words.priorities[known]}
            </option>
          ))}
        </select>
      </div>
      <div role="gridcell" className="open">
        {kind !== undefined && (
          <a
            className="button"
            href={addressOf({ page: 'transfer', id, tab: 'files', file: index })}
            aria-label={kind === 'video' || kind === 'audio' ? words.playFile(name) : words.lookAt(name)}
          >
            <Icon name={kind === 'video' || kind === 'audio' ? 'resume' : 'look'} />
          </a>
        )}
        <a
          className="button"
          href={`/api/transfers/${id}/files/${index}/content`}
          download={path.slice(slash)}
          aria-label={words.saveFile(name)}
        >
          <Icon name="down" />
        </a>
      </div>
    </div>
  );
}
