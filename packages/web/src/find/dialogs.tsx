// What this node says in the indexes: publications, ratings and reports, each signed with its key.

import { categories, type NewPublication, reportReasons } from '@shoal/api';
import { useId, useState } from 'react';
import { visible } from '../format.ts';
import { notify, transfers } from '../node/live.ts';
import { change } from '../node/session.ts';
import { Buttons, Dialog } from '../parts/dialog.tsx';
import { Choice, Field } from '../parts/field.tsx';
import { Name } from '../parts/name.tsx';
import { useStore } from '../store.ts';
import { texts } from '../texts.ts';
import { attempt, parseLabels } from '../transfers/acting.ts';

const words = texts.find;
const mostOffered = 500;

export type About =
  | { readonly kind: 'publish' }
  | { readonly kind: 'rate' | 'report'; readonly infoHash: string; readonly title: string };

interface DialogProps<What> {
  readonly about: What;
  readonly onClose: () => void;
}

export function FindDialog({ about, onClose }: DialogProps<About>) {
  if (about.kind === 'publish') return <Publish onClose={onClose} />;
  return about.kind === 'rate' ? (
    <Rate about={about} onClose={onClose} />
  ) : (
    <Report about={about} onClose={onClose} />
  );
}

type One = Exclude<About, { kind: 'publish' }>;

function Publish({ onClose }: { readonly onClose: () => void }) {
  const { byId } = useStore(transfers);
  const [transfer, setTransfer] = useState('');
  const [link, setLink] = useState('');
  const [title, setTitle] = useState('');
  const [description, setDescription] = useState('');
  const [tags, setTags] = useState('');
  const [licence, setLicence] = useState('');
  const [category, setCategory] = useState<(typeof categories)[number]>('other');
  const own = [...byId.values()]
    .filter(({ isPrivate, size }) => !isPrivate && size > 0)
    .slice(0, mostOffered);

  async function publish(): Promise<void> {
    const body: NewPublication = {
      ...(transfer === '' ? { link: link.trim() } : { transfer }),
      ...(title.trim() !== '' && { title: title.trim() }),
      ...(description.trim() !== '' && { description: description.trim() }),
      ...(licence.trim() !== '' && { licence: licence.trim() }),
      tags: parseLabels(tags),
      category,
    };
    const isSaid = await attempt(async () => {
      const { indexes } = await change('publish', { body });
      notify(words.publishing.done(indexes.length));
    });
    if (isSaid) onClose();
  }

  return (
    <Dialog
      title={words.publishing.title}
      onClose={onClose}
      onSubmit={() => void publish()}
      buttons={<Buttons go={words.publishing.go} onCancel={onClose} />}
    >
      <p className="quiet">{words.publishing.intro}</p>
      <Choice label={words.publishing.what} value={transfer} onChange={setTransfer}>
        <option value="">{words.publishing.link}</option>
        {own.map(({ id, name }) => (
          <option key={id} value={id}>
            {visible(name, 80)}
          </option>
        ))}
      </Choice>
      {transfer === '' && <Field label={words.publishing.link} value={link} onText={setLink} required />}
      <Field
        label={words.publishing.name}
        hint={words.publishing.nameHint}
        value={title}
        onText={setTitle}
        maxLength={200}
      />
      <Text
        label={words.publishing.description}
        value={description}
        longest={10_000}
        onText={setDescription}
      />
      <div className="pair">
        <Choice
          label={words.category}
          value={category}
          onChange={(value) => setCategory(categories.find((name) => name === value) ?? 'other')}
        >
          {categories.map((name) => (
            <option key={name} value={name}>
              {words.categories[name]}
            </option>
          ))}
        </Choice>
        <Field label={words.publishing.licence} value={licence} onText={setLicence} maxLength={64} />
      </div>
      <Field label={words.publishing.tags} hint={words.publishing.tagsHint} value={tags} onText={setTags} />
    </Dialog>
  );
}

function Rate({ about: { infoHash, title }, onClose }: DialogProps<One>) {
  const [stars, setStars] = useState(0);
  const [comment, setComment] = useState('');
  const name = useId();

  async function rate(): Promise<void> {
    const body = { ...(stars > 0 && { stars }), ...(comment.trim() !== '' && { comment: comment.trim() }) };
    const isSaid = await attempt(async () => {
      const { indexes } = await change('rate', { params: { infoHash }, body });
      notify(words.publishing.done(indexes.length));
    });
    if (isSaid) onClose();
  }

  return (
    <Dialog
      title={words.rating.title}
      onClose={onClose}
      onSubmit={() => void rate()}
      buttons={<Buttons go={words.rating.go} onCancel={onClose} />}
    >
      <p>
        <Name text={title} longest={300} />
      </p>
      <fieldset className="stars">
        <legend className="unseen">{words.rating.title}</legend>
        {[1, 2, 3, 4, 5].map((count) => (
          <label key={count} className="check">
            <input
              type="radio"
              name={name}
              checked={stars === count}
              required
              onChange={() => setStars(count)}
            />
            {words.rating.star(count)}
          </label>
        ))}
      </fieldset>
      <Text label={words.rating.comment} value={comment} longest={2000} onText={setComment} />
    </Dialog>
  );
}

function Report({ about: { infoHash, title }, onClose }: DialogProps<One>) {
  const [reason, setReason] = useState<(typeof reportReasons)[number]>('fake');
  const [comment, setComment] = useState('');

  async function report(): Promise<void> {
    const body = { reason, ...(comment.trim() !== '' && { comment: comment.trim() }) };
    const isSaid = await attempt(async () => {
      const { indexes } = await change('report', { params: { infoHash }, body });
      notify(words.publishing.done(indexes.length));
    });
    if (isSaid) onClose();
  }

  return (
    <Dialog
      title={words.reporting.title}
      onClose={onClose}
      onSubmit={() => void report()}
      buttons={<Buttons go={words.reporting.go} isDangerous onCancel={onClose} />}
    >
      <p>
        <Name text={title} longest={300} />
      </p>
      <Choice
        label={words.reporting.reason}
        value={reason}
        onChange={(value) => setReason(reportReasons.find((known) => known === value) ?? 'other')}
      >
        {reportReasons.map((known) => (
          <option key={known} value={known}>
            {words.reporting.reasons[known]}
          </option>
        ))}
      </Choice>
      <Text label={words.reporting.comment} value={comment} longest={2000} onText={setComment} />
    </Dialog>
  );
}

interface TextProps {
  readonly label: string;
  readonly value: string;
  readonly longest: number;
  readonly onText: (text: string) => void;
}

function Text({ label, value, longest, onText }: TextProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <textarea
        id={id}
        rows={3}
        maxLength={longest}
        value={value}
        onChange={({ target }) => onText(target.value)}
      />
    </div>
  );
}
