// Which of the transfers to show: by state and by label, with how many there are of each.

import { formatCount } from '../format.ts';
import { Name } from '../parts/name.tsx';
import { useStore } from '../store.ts';
import { texts } from '../texts.ts';
import { type Counts, groups, view } from './view.ts';

export function Filters({ counts }: { readonly counts: Counts }) {
  const { group, label } = useStore(view);
  return (
    <nav className="filters" aria-label={texts.filters.label}>
      <ul>
        {groups.map((name) => (
          <li key={name}>
            <button
              type="button"
              className="plain"
              aria-pressed={group === name}
              onClick={() => view.update((before) => ({ ...before, group: name }))}
            >
              <span className={`dot ${name}`} />
              {texts.filters[name]}
              <span className="count">{formatCount(counts.groups[name])}</span>
            </button>
          </li>
        ))}
      </ul>
      {counts.labels.length > 0 && (
        <>
          <h2>{texts.filters.labels}</h2>
          <ul>
            {counts.labels.slice(0, 100).map(([name, count]) => (
              <li key={name}>
                <button
                  type="button"
                  className="plain"
                  aria-pressed={label === name}
                  onClick={() =>
                    view.update((before) => ({ ...before, label: label === name ? undefined : name }))
                  }
                >
                  <span className="dot" />
                  <Name text={name} />
                  <span className="count">{formatCount(count)}</span>
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </nav>
  );
}
