// What happened, said in passing and read aloud: it goes by itself, errors later.

import { useEffect } from 'react';
import { dismiss, type Notice, notices } from '../node/live.ts';
import { useStore } from '../store.ts';
import { texts } from '../texts.ts';
import { Icon } from './icon.tsx';
import { Name } from './name.tsx';

const shownMs = 5000;
const errorShownMs = 15_000;

export function Notices() {
  const list = useStore(notices);
  return (
    <div className="notices" role="status" aria-live="polite">
      {list.map((notice) => (
        <OneNotice key={notice.key} notice={notice} />
      ))}
    </div>
  );
}

function OneNotice({ notice }: { readonly notice: Notice }) {
  useEffect(() => {
    const timer = setTimeout(() => dismiss(notice.key), notice.isError ? errorShownMs : shownMs);
    return () => clearTimeout(timer);
  }, [notice]);
  return (
    <p className={notice.isError ? 'notice error' : 'notice'}>
      <Name text={notice.message} />
      <button
        type="button"
        className="plain"
        aria-label={texts.buttons.dismiss}
        onClick={() => dismiss(notice.key)}
      >
        <Icon name="close" />
      </button>
    </p>
  );
}
