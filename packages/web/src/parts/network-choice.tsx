// The three kinds of network, each in a sentence.

import { useId } from 'react';
import { texts } from '../texts.ts';

const networkKinds = ['hybrid', 'centralized', 'distributed'] as const;

export function NetworkChoice({
  value,
  isBusy = false,
  onChange,
}: {
  readonly value: string;
  readonly isBusy?: boolean;
  readonly onChange: (kind: string) => void;
}) {
  const name = useId();
  return (
    <div className="choices">
      {networkKinds.map((kind) => {
        const [title, about] = texts.network.kinds[kind];
        return (
          <label key={kind} className="choice">
            <input
              type="radio"
              name={name}
              value={kind}
              checked={value === kind}
              disabled={isBusy}
              onChange={() => onChange(kind)}
            />
            <span>
              <strong>{title}</strong> <code>{kind}</code>
              <span className="about">{about}</span>
            </span>
          </label>
        );
      })}
    </div>
  );
}
