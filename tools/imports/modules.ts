// Reads the modules of a work tree: which files there are, what each imports, and what it takes from the platform.

import { globSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { parseSync } from 'oxc-parser';
import { type PlatformUse, platformUsesIn } from './platform.ts';
import { isNode, type Node, nodesIn, textOf, type Visit, walk } from './syntax.ts';

export interface Import {
  /** Undefined where the text is only known at run time. */
  readonly specifier: string | undefined;
  /** `static` and `require` run at once, `dynamic` when reached, `type` never. A worker's `new URL('./x.ts', import.meta.url)` is dynamic. */
  readonly kind: 'static' | 'dynamic' | 'require' | 'type';
  readonly line: number;
}

export interface Module {
  /** From the root of the tree, with forward slashes. */
  readonly path: string;
  readonly imports: readonly Import[];
  readonly platformUses: readonly PlatformUse[];
  readonly syntaxErrors: readonly string[];
}

const sources = ['packages/*/{src,test,bench}/**/*.{ts,tsx}', 'lab/**/*.{ts,tsx}', 'tools/**/*.{ts,tsx}'];

export function readModules(root: string): readonly Module[] {
  const paths = globSync(sources, { cwd: root, exclude: ['**/node_modules/**'] });
  return paths.map((path) => readModule(path.split(sep).join('/'), readFileSync(join(root, path), 'utf8')));
}

function readModule(path: string, text: string): Module {
  const { program, errors } = parseSync(path, text, { preserveParens: false, sourceType: 'module' });
  const imports: Import[] = [];
  const platformUses: PlatformUse[] = [];
  const lineOf = (node: Node): number => text.slice(0, node.start).split('\n').length;
  const root: unknown = program;
  if (isNode(root)) {
    walk(root, (visit) => {
      const found = importIn(visit);
      if (found !== undefined) imports.push({ ...found, line: lineOf(visit.node) });
      for (const use of platformUsesIn(visit)) platformUses.push({ ...use, line: lineOf(visit.node) });
    });
  }
  return { path, imports, platformUses, syntaxErrors: errors.map(({ message }) => message) };
}

function importIn({ node, isBound }: Visit): Omit<Import, 'line'> | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
      return { specifier: textOf(node.source), kind: node.importKind === 'type' ? 'type' : 'static' };
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      if (!isNode(node.source)) return undefined;
      return { specifier: textOf(node.source), kind: node.exportKind === 'type' ? 'type' : 'static' };
    case 'ImportExpression':
      return { specifier: textOf(node.source), kind: 'dynamic' };
    case 'TSImportType':
      return { specifier: textOf(node.source), kind: 'type' };
    case 'TSExternalModuleReference':
      return { specifier: textOf(node.expression), kind: 'require' };
    case 'CallExpression':
      if (!isCallOf(node, 'require') || isBound('require')) return undefined;
      return { specifier: textOf(firstArgument(node)), kind: 'require' };
    case 'NewExpression': {
      const specifier = isCallOf(node, 'URL') ? textOf(firstArgument(node)) : undefined;
      return specifier !== undefined && /^\.{1,2}\/.*\.[jt]sx?$/.test(specifier)
        ? { specifier, kind: 'dynamic' }
        : undefined;
    }
    default:
      return undefined;
  }
}

function isCallOf(call: Node, name: string): boolean {
  const callee = call.callee;
  return isNode(callee) && callee.type === 'Identifier' && callee.name === name;
}

function firstArgument(call: Node): unknown {
  return nodesIn(call.arguments)[0];
}
