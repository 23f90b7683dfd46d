// Asks for the node's token when something is to be changed and the page may not.

import { useState } from 'react';
import { facts } from '../node/live.ts';
import { giveToken, isRefusedToken, refuseToken, type TokenReason } from '../node/session.ts';
import { useStore } from '../store.ts';
import { texts } from '../texts.ts';
import { reasonOf } from '../transfers/acting.ts';
import { Buttons, Dialog } from './dialog.tsx';
import { Field } from './field.tsx';

export function TokenDialog({ reason }: { readonly reason: TokenReason }) {
  const data = useStore(facts)?.data;
  const [token, setToken] = useState('');
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);

  async function give(): Promise<void> {
    setBusy(true);
    try {
      // Whoever pastes the whole link means the token in it.
      await giveToken(/#token=(\S+)/.exec(token)?.[1] ?? token);
    } catch (failure) {
      setError(isRefusedToken(failure) ? texts.token.reasons.wrong : reasonOf(failure));
    } finally {
      setBusy(false);
    }
  }

  return (
    <Dialog
      title={texts.token.title}
      onClose={refuseToken}
      onSubmit={() => void give()}
      buttons={<Buttons go={texts.token.give} isBusy={isBusy} onCancel={refuseToken} />}
    >
      <p>{texts.token.reasons[reason]}</p>
      <p>
        {texts.token.where} {data !== undefined && <code>{data}/api-token</code>}
      </p>
      <Field
        label={texts.token.label}
        type="password"
        value={token}
        error={error}
        onText={setToken}
        required
      />
    </Dialog>
  );
}
