// A text of strangers: isolated, so that its direction turns nothing around it, and without hidden signs.

import { visible } from '../format.ts';

export function Name({ text, longest }: { readonly text: string; readonly longest?: number }) {
  return <bdi>{visible(text, longest)}</bdi>;
}
