// Adding transfers: links, torrent files, or something of the node's own machine to share.

import type { NewTransfer } from '@shoal/api';
import { useId, useState } from 'react';
import { apply, notify } from '../node/live.ts';
import { change, NotAllowed } from '../node/session.ts';
import { Buttons, Dialog } from '../parts/dialog.tsx';
import { Check, Field } from '../parts/field.tsx';
import { texts } from '../texts.ts';
import { parseLabels, reasonOf } from './acting.ts';
import { type Named, readLinks, readTorrentFile, Unusable } from './adding.ts';
import { closeDialog } from './dialogs.ts';
import { view } from './view.ts';

interface AddProps {
  readonly links: string;
  readonly files: readonly File[];
}

export function AddDialog(given: AddProps) {
  const [links, setLinks] = useState(given.links);
  const [files, setFiles] = useState(given.files);
  const [path, setPath] = useState('');
  const [folder, setFolder] = useState('');
  const [labels, setLabels] = useState('');
  const [isPaused, setPaused] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const id = useId();

  async function add(): Promise<void> {
    setError(undefined);
    setBusy(true);
    try {
      const wanted: Named[] = [...readLinks(links), ...(await Promise.all(files.map(readTorrentFile)))];
      if (path.trim() !== '') wanted.push({ title: path.trim(), request: { path: path.trim() } });
      if (wanted.length === 0) throw new Unusable(texts.add.nothing);
      const own = parseLabels(labels);
      const common: NewTransfer = {
        ...(folder.trim() !== '' && { folder: folder.trim() }),
        ...(own.length > 0 && { labels: own }),
        ...(isPaused && { isPaused }),
      };
      const failed: string[] = [];
      for (const { title, request } of wanted) {
        try {
          const added = await change('addTransfer', { body: { ...request, ...common } });
          apply(added);
          notify(texts.add.added(added.name));
          view.update((before) => ({ ...before, active: added.id, anchor: added.id }));
        } catch (reason) {
          if (reason instanceof NotAllowed) throw reason;
          failed.push(texts.add.failed(title, reasonOf(reason)));
        }
      }
      if (failed.length === 0) closeDialog();
      else setError(failed.join('\n'));
    } catch (reason) {
      if (reason instanceof Unusable) setError(reason.message);
      else if (!(reason instanceof NotAllowed)) setError(reasonOf(reason));
    } finally {
      setBusy(false);
    }
  }

  return (
    <Dialog
      title={texts.add.title}
      onClose={closeDialog}
      onSubmit={() => void add()}
      buttons={<Buttons go={texts.add.go} isBusy={isBusy} onCancel={closeDialog} />}
    >
      <div className="field">
        <label htmlFor={`${id}-links`}>{texts.add.links}</label>
        <textarea
          id={`${id}-links`}
          rows={3}
          spellCheck={false}
          aria-describedby={`${id}-hint`}
          value={links}
          onChange={(event) => setLinks(event.target.value)}
        />
        <p className="hint" id={`${id}-hint`}>
          {texts.add.linksHint}
        </p>
      </div>
      <label className="button chooser">
        {files.length === 0 ? texts.add.files : texts.add.chosen(files.length)}
        <input
          type="file"
          className="unseen"
          multiple
          accept=".torrent,application/x-bittorrent"
          onChange={(event) => setFiles([...(event.target.files ?? [])])}
        />
      </label>
      <details>
        <summary>{texts.add.more}</summary>
        <Field label={texts.add.folder} hint={texts.add.folderHint} value={folder} onText={setFolder} />
        <Field label={texts.add.labels} hint={texts.add.labelsHint} value={labels} onText={setLabels} />
        <Field label={texts.add.path} hint={texts.add.pathHint} value={path} onText={setPath} />
        <Check label={texts.add.paused} isOn={isPaused} onChange={setPaused} />
      </details>
      {error !== undefined && (
        <p className="error" role="alert">
          {error}
        </p>
      )}
    </Dialog>
  );
}
