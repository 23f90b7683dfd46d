// One torrent that was found: what it is called, how it does, what others think of it.

import type { FoundTorrent } from '@shoal/api';
import { formatBytes, formatDay, visible } from '../format.ts';
import { apply, notify, transfers } from '../node/live.ts';
import { change } from '../node/session.ts';
import { Icon } from '../parts/icon.tsx';
import { Name } from '../parts/name.tsx';
import { addressOf } from '../route.ts';
import { useStore } from '../store.ts';
import { texts } from '../texts.ts';
import { attempt } from '../transfers/acting.ts';
import type { About } from './dialogs.tsx';

const words = texts.find;
const mostFiles = 100;

export function Result({
  found,
  onSpeak,
}: {
  readonly found: FoundTorrent;
  readonly onSpeak: (about: About) => void;
}) {
  const { infoHash, title, category, size, seeds, leechers, stars, ratings, reports, publishers, addedMs } =
    found;
  const { byId } = useStore(transfers);
  const here = [...byId.values()].find(
    ({ id, infoHashV1, infoHashV2 }) => id === infoHash || infoHashV1 === infoHash || infoHashV2 === infoHash,
  );
  return (
    <li className="card result">
      <div className="resultHead">
        <h2>
          <Name text={title} longest={300} />
        </h2>
        {here === undefined ? (
          <button
            type="button"
            className="primary"
            aria-label={words.getIt(visible(title, 100))}
            onClick={() => void get(found)}
          >
            <Icon name="down" />
            {words.get}
          </button>
        ) : (
          <a className="button" href={addressOf({ page: 'transfer', id: here.id, tab: 'overview' })}>
            {words.here}
          </a>
        )}
      </div>
      <p className="resultFacts">
        <span>{words.categories[category]}</span>
        {size !== undefined && <span>{formatBytes(size)}</span>}
        <span className={seeds > 0 ? 'state done' : 'state rest'}>{words.health(seeds, leechers)}</span>
        <span>{stars === undefined ? words.unrated : words.stars(stars.toFixed(1), ratings)}</span>
        <span className="quiet">{words.published(formatDay(addedMs), publishers.length)}</span>
        {reports > 0 && <span className="state bad">{words.reports(reports)}</span>}
      </p>
      <details>
        <summary>{words.about}</summary>
        <More found={found} />
        <div className="buttons">
          <button type="button" onClick={() => onSpeak({ kind: 'rate', infoHash, title })}>
            {words.rate}
          </button>
          <button type="button" onClick={() => onSpeak({ kind: 'report', infoHash, title })}>
            {words.report}
          </button>
        </div>
      </details>
    </li>
  );
}

function More({ found }: { readonly found: FoundTorrent }) {
  const { description, tags, language, licence, publishers, indexes, files, fileCount } = found;
  const rows: readonly (readonly [string, readonly string[]])[] = [
    [words.tags, tags],
    [words.language, language === undefined ? [] : [language]],
    [words.licence, licence === undefined ? [] : [licence]],
    [words.publisher, publishers],
    [words.indexes, indexes],
  ];
  return (
    <>
      {description !== undefined && (
        <p className="description">
          <Name text={description} longest={10_000} />
        </p>
      )}
      <dl>
        {rows.map(([name, values]) =>
          values.length === 0 ? null : (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <Name text={values.join(', ')} longest={1000} />
              </dd>
            </div>
          ),
        )}
      </dl>
      {files.length > 0 && (
        <>
          <h3>{words.files(fileCount ?? files.length)}</h3>
          <ul className="names">
            {files.slice(0, mostFiles).map(({ path, size }) => (
              <li key={path}>
                <Name text={path} longest={300} /> <span className="quiet">{formatBytes(size)}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function get({ magnet, title }: FoundTorrent): Promise<boolean> {
  return attempt(async () => {
    apply(await change('addTransfer', { body: { link: magnet } }));
    notify(texts.add.added(title));
  });
}
