// The import check: `node tools/check-imports.ts [ROOT]`. Says what it read, so that reading nothing is a failure
// and not a clean result.

import { resolve } from 'node:path';
import { readModules } from './imports/modules.ts';
import { readPackages } from './imports/packages.ts';
import { type Problem, problemsIn } from './imports/rules.ts';

export interface Outcome {
  readonly modules: number;
  readonly imports: number;
  readonly problems: readonly Problem[];
}

export function checkImports(root: string): Outcome {
  const modules = readModules(root);
  const problems = modules.length === 0 ? [] : problemsIn(modules, readPackages(root));
  return {
    modules: modules.length,
    imports: modules.reduce((sum, { imports }) => sum + imports.length, 0),
    problems,
  };
}

if (import.meta.main) {
  const { modules, imports, problems } = checkImports(resolve(process.argv[2] ?? '.'));
  for (const { path, line, message } of problems) console.log(`${path}:${line} ${message}`);
  if (modules === 0) console.log('No module was read: the check looks in the wrong place.');
  console.log(`${modules} modules read, ${imports} imports, ${problems.length} problems`);
  process.exitCode = modules === 0 || problems.length > 0 ? 1 : 0;
}
