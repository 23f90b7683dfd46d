// How `npm test` talks: node's spec reporter, then what was skipped and why, then one last line with the counts.
// A run without tests fails, and in CI (CI=true), where every program is installed, so does a skipped test.

import { relative } from 'node:path';
import { Readable } from 'node:stream';
import { spec, type TestEvent } from 'node:test/reporters';

export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const skipped: string[] = [];
  let counts = { tests: 0, passed: 0 };
  let failures = 0;

  async function* watched(): AsyncGenerator<TestEvent> {
    for await (const event of source) {
      if (event.type === 'test:pass' && event.data.skip !== undefined) skipped.push(describe(event.data));
      if (event.type === 'test:fail' && event.data.details.type !== 'suite') failures += 1;
      // The summary without a file is that of the whole run.
      if (event.type === 'test:summary' && event.data.file === undefined) counts = event.data.counts;
      yield event;
    }
  }

  for await (const text of Readable.from(watched()).pipe(new spec())) yield String(text);

  if (skipped.length > 0)
    yield `\nskipped, ${skipped.length} in all:\n${skipped.map((line) => `  ${line}\n`).join('')}`;
  const mayNotSkip = process.env.CI === 'true' && skipped.length > 0;
  if (mayNotSkip) yield 'In CI nothing may be skipped: install what is missing, or mend the condition.\n';
  if (counts.tests === 0) yield 'No test was found.\n';
  if (mayNotSkip || counts.tests === 0) process.exitCode = 1;
  yield `\ntests ${counts.tests}, passed ${counts.passed}, failed ${failures}, skipped ${skipped.length}\n`;
}

function describe(test: {
  name: string;
  file?: string | undefined;
  skip?: string | boolean | undefined;
}): string {
  const where = test.file === undefined ? '' : `${relative(process.cwd(), test.file)}: `;
  const why = typeof test.skip === 'string' && test.skip !== '' ? ` (${test.skip})` : '';
  return `${where}${test.name}${why}`;
}
