// A dialog of the platform's own: it holds the focus, closes with Escape, and gives the focus back.

import { type ReactNode, type SubmitEvent, useEffect, useId, useRef } from 'react';
import { texts } from '../texts.ts';
import { Icon } from './icon.tsx';

export interface DialogProps {
  readonly title: string;
  readonly children: ReactNode;
  readonly isWide?: boolean;
  readonly onClose: () => void;
  /** Makes a form of it, with these buttons at its end. */
  readonly onSubmit?: () => void;
  readonly buttons?: ReactNode;
}

const firstField = '.body :is(input:not([type=checkbox], [type=radio], [type=file]), textarea, select)';

export function Dialog({ title, children, isWide = false, onClose, onSubmit, buttons }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    dialog.current?.showModal();
    // The platform would choose the cross that closes it.
    dialog.current?.querySelector<HTMLElement>(firstField)?.focus();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={isWide ? 'dialog wide' : 'dialog'}
      aria-labelledby={heading}
      onClose={onClose}
      onCancel={onClose}
    >
      <form
        method="dialog"
        onSubmit={(event: SubmitEvent<HTMLFormElement>) => {
          event.preventDefault();
          onSubmit?.();
        }}
      >
        <header>
          <h2 id={heading}>{title}</h2>
          <button type="button" className="plain" aria-label={texts.buttons.close} onClick={onClose}>
            <Icon name="close" />
          </button>
        </header>
        <div className="body">{children}</div>
        {buttons !== undefined && <footer>{buttons}</footer>}
      </form>
    </dialog>
  );
}

/** The buttons of a dialog that asks: the one that does it, and the one that does not. */
export function Buttons({
  go,
  isDangerous = false,
  isBusy = false,
  onCancel,
}: {
  readonly go: string;
  readonly isDangerous?: boolean;
  readonly isBusy?: boolean;
  readonly onCancel: () => void;
}) {
  return (
    <>
      <button type="button" onClick={onCancel}>
        {texts.buttons.cancel}
      </button>
      <button type="submit" className={isDangerous ? 'danger' : 'primary'} disabled={isBusy}>
        {go}
      </button>
    </>
  );
}
