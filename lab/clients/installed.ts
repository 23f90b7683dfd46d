// Which programs this machine has, so that a test can be skipped by name.

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export function pathOf(program: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  for (const folder of folders) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // The next folder may have it.
    }
  }
  return undefined;
}

export function missingPrograms(...programs: string[]): string | undefined {
  const missing = programs.filter((program) => pathOf(program) === undefined);
  return missing.length === 0 ? undefined : `${missing.join(', ')} not installed`;
}
