// Plays and shows files while they come: the node answers ranges and fetches first what is watched. A file of strangers
// is shown by the browser's own players and as plain text; it is never opened as a page.

import type { ErrorAnswer, TransferFile } from '@shoal/api';
import { useEffect, useState } from 'react';
import { formatBytes } from '../format.ts';
import { Icon } from '../parts/icon.tsx';
import { Name } from '../parts/name.tsx';
import { texts } from '../texts.ts';
import { reasonOf } from '../transfers/acting.ts';

const longestText = 200_000;

export type Kind = 'video' | 'audio' | 'image' | 'text';

export function kindOf(type: string): Kind | undefined {
  const [family] = type.split('/', 1);
  if (family === 'video' || family === 'audio' || family === 'image' || family === 'text') return family;
  return /^application\/(?:json|xml|toml|yaml|x-subrip|javascript)/.test(type) ? 'text' : undefined;
}

interface PlayerProps {
  readonly id: string;
  readonly file: TransferFile;
  readonly onClose: () => void;
}

export function Player({ id, file, onClose }: PlayerProps) {
  const [hasFailed, setFailed] = useState(false);
  const address = `/api/transfers/${id}/files/${file.index}/content`;
  const name = file.path.split('/').at(-1) ?? file.path;
  const failed = (): void => setFailed(true);
  const kind = kindOf(file.type);
  return (
    <section className="card player" aria-label={texts.transfer.files.playFile(name.slice(0, 100))}>
      <header>
        <h2>
          <Name text={name} />
        </h2>
        <button type="button" className="plain" aria-label={texts.transfer.play.close} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {/* biome-ignore-start lint/a11y/useMediaCaption: what captions there are come inside the file */}
      {kind === 'video' && <video src={address} controls autoPlay onError={failed} />}
      {kind === 'audio' && <audio src={address} controls autoPlay onError={failed} />}
      {/* biome-ignore-end lint/a11y/useMediaCaption: as above */}
      {kind === 'image' && <img src={address} alt={name.slice(0, 200)} onError={failed} />}
      {kind === 'text' && <TextFile address={address} size={file.size} />}
      {hasFailed ? (
        <p className="error" role="alert">
          {texts.transfer.play.failed}
        </p>
      ) : (
        file.bytes < file.size && <p className="quiet">{texts.transfer.play.waiting}</p>
      )}
    </section>
  );
}

function TextFile({ address, size }: { readonly address: string; readonly size: number }) {
  const [text, setText] = useState<string>();
  const [failure, setFailure] = useState<string>();
  useEffect(() => {
    const stop = new AbortController();
    const read = async (): Promise<void> => {
      try {
        const range = size > longestText ? { range: `bytes=0-${longestText - 1}` } : undefined;
        const response = await fetch(address, { signal: stop.signal, ...(range && { headers: range }) });
        if (!response.ok) {
          const { error }: ErrorAnswer = await response.json();
          setFailure(error.message);
          return;
        }
        setText(await response.text());
      } catch (error) {
        if (!stop.signal.aborted) setFailure(reasonOf(error));
      }
    };
    void read();
    return () => stop.abort();
  }, [address, size]);
  if (failure !== undefined) {
    return (
      <p className="error" role="alert">
        {texts.transfer.play.textFailed}
        {failure}
      </p>
    );
  }
  if (text === undefined) return <p className="loading">{texts.pages.loading}</p>;
  return (
    <>
      <pre tabIndex={0}>{text}</pre>
      {size > longestText && (
        <p className="quiet">{texts.transfer.play.cut(formatBytes(longestText), formatBytes(size))}</p>
      )}
    </>
  );
}
