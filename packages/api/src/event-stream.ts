// Server-sent events out of a stream of bytes (WHATWG HTML, "Interpreting an event stream"), as far as the node sends
// them: `id` and `data`, one event after an empty line. Comments keep the connection alive.

import type { NodeEvent } from './node.ts';

export async function* readEvents(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ readonly revision: string; readonly event: NodeEvent }> {
  const decoder = new TextDecoder();
  let rest = '';
  let revision = '';
  let data = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('id: ')) revision = line.slice(4);
      else if (line.startsWith('data: ')) data += line.slice(6);
      else if (line === '' && data !== '') {
        const event: NodeEvent = JSON.parse(data);
        data = '';
        yield { revision, event };
      }
    }
  }
}
