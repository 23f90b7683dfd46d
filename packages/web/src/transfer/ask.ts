// Asks the node for one thing again and again while a page shows it.

import type { AnswerOf, OperationName, RequestOf } from '@shoal/api';
import { useCallback, useEffect, useState } from 'react';
import { connection } from '../node/live.ts';
import { node } from '../node/session.ts';
import { useStore } from '../store.ts';
import { reasonOf } from '../transfers/acting.ts';

export interface Asked<Answer> {
  readonly answer: Answer | undefined;
  /** Why the last time failed. */
  readonly failure: string | undefined;
  again(): void;
}

/** `request` must stay the same object while the question is the same. */
export function useAnswer<Name extends OperationName>(
  name: Name,
  request: RequestOf<Name>,
  everyMs: number,
): Asked<AnswerOf<Name>> {
  const [state, setState] = useState<{ answer?: AnswerOf<Name>; failure?: string }>({});
  const [round, setRound] = useState(0);
  const isAway = useStore(connection) === 'away';
  // biome-ignore lint/correctness/useExhaustiveDependencies: another round asks again at once
  useEffect(() => {
    if (isAway) return;
    const stop = new AbortController();
    let timer: number | undefined;
    const ask = async (): Promise<void> => {
      try {
        if (!document.hidden) setState({ answer: await node.call(name, request, stop.signal) });
      } catch (error) {
        if (stop.signal.aborted) return;
        setState(({ answer }) => ({ ...(answer !== undefined && { answer }), failure: reasonOf(error) }));
      }
      if (!stop.signal.aborted) timer = setTimeout(() => void ask(), everyMs);
    };
    void ask();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [name, request, everyMs, isAway, round]);
  const again = useCallback(() => setRound((before) => before + 1), []);
  return { answer: state.answer, failure: state.failure, again };
}
