// A walk over oxc's syntax tree that knows which names are bound where, so that a parameter called `fetch`
// is told from the platform's. Type positions are walked too, marked as such.

export interface Node {
  readonly type: string;
  readonly start: number;
  readonly [field: string]: unknown;
}

export interface Visit {
  readonly node: Node;
  readonly parent: Node | undefined;
  /** The field of the parent that holds the node. */
  readonly field: string;
  readonly inType: boolean;
  /** Whether the name is declared by the file itself, here or around here. */
  isBound(name: string): boolean;
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function childNodes(node: Node): readonly (readonly [string, Node])[] {
  const found: (readonly [string, Node])[] = [];
  for (const [field, value] of Object.entries(node)) {
    if (isNode(value)) found.push([field, value]);
    else if (Array.isArray(value)) for (const item of value) if (isNode(item)) found.push([field, item]);
  }
  return found;
}

/** These hold an expression that exists at run time; every other TS node is a type or a declaration of one. */
const expressionsOfTypeScript = new Set([
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
  'TSTypeAssertion',
  'TSInstantiationExpression',
  'TSExportAssignment',
]);

function isErased(node: Node): boolean {
  return node.declare === true || (node.type.startsWith('TS') && !expressionsOfTypeScript.has(node.type));
}

export function walk(program: Node, see: (visit: Visit) => void): void {
  const scopes: ReadonlySet<string>[] = [];
  const isBound = (name: string): boolean => scopes.some((scope) => scope.has(name));

  function enter(node: Node, parent: Node | undefined, field: string, inType: boolean): void {
    const isType = inType || isErased(node);
    const names = namesDeclaredIn(node);
    if (names !== undefined) scopes.push(names);
    see({ node, parent, field, inType: isType, isBound });
    for (const [name, child] of childNodes(node)) enter(child, node, name, isType);
    if (names !== undefined) scopes.pop();
  }

  enter(program, undefined, '', false);
}

/** The names a node that opens a scope binds in it; undefined for other nodes. */
function namesDeclaredIn(node: Node): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  switch (node.type) {
    case 'Program':
    case 'BlockStatement':
    case 'StaticBlock':
      for (const statement of nodesIn(node.body)) addDeclared(statement, names);
      return names;
    case 'SwitchStatement':
      for (const branch of nodesIn(node.cases)) {
        for (const statement of nodesIn(branch.consequent)) addDeclared(statement, names);
      }
      return names;
    case 'ForStatement':
    case 'ForInStatement':
    case 'ForOfStatement':
      for (const head of nodesIn([node.init, node.left])) addDeclared(head, names);
      return names;
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      for (const pattern of nodesIn([node.id, ...nodesIn(node.params)])) addPattern(pattern, names);
      return names;
    case 'ClassDeclaration':
    case 'ClassExpression':
      for (const pattern of nodesIn([node.id])) addPattern(pattern, names);
      return names;
    case 'CatchClause':
      for (const pattern of nodesIn([node.param])) addPattern(pattern, names);
      return names;
    default:
      return undefined;
  }
}

function addDeclared(statement: Node, names: Set<string>): void {
  // `declare` promises that somebody else binds the name: the platform, as far as we know.
  if (statement.declare === true) return;
  switch (statement.type) {
    case 'VariableDeclaration':
      for (const { id } of nodesIn(statement.declarations)) if (isNode(id)) addPattern(id, names);
      break;
    case 'FunctionDeclaration':
    case 'ClassDeclaration':
      if (isNode(statement.id)) addPattern(statement.id, names);
      break;
    case 'ImportDeclaration':
      for (const { local } of nodesIn(statement.specifiers)) if (isNode(local)) addPattern(local, names);
      break;
    case 'ExportNamedDeclaration':
    case 'ExportDefaultDeclaration':
      if (isNode(statement.declaration)) addDeclared(statement.declaration, names);
      break;
  }
}

function addPattern(pattern: Node, names: Set<string>): void {
  switch (pattern.type) {
    case 'Identifier':
      names.add(String(pattern.name));
      break;
    case 'ObjectPattern':
      for (const property of nodesIn(pattern.properties)) {
        const inner = property.value ?? property.argument;
        if (isNode(inner)) addPattern(inner, names);
      }
      break;
    case 'ArrayPattern':
      for (const element of nodesIn(pattern.elements)) addPattern(element, names);
      break;
    case 'AssignmentPattern':
      if (isNode(pattern.left)) addPattern(pattern.left, names);
      break;
    case 'RestElement':
      if (isNode(pattern.argument)) addPattern(pattern.argument, names);
      break;
  }
}

export function nodesIn(value: unknown): readonly Node[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** The text of `'x'` and of a template without holes; undefined where the text is only known at run time. */
export function textOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === 'Literal') return typeof node.value === 'string' ? node.value : undefined;
  if (node.type !== 'TemplateLiteral') return undefined;
  const [only, ...more] = nodesIn(node.quasis);
  const value = more.length === 0 ? only?.value : undefined;
  if (typeof value !== 'object' || value === null || !('cooked' in value)) return undefined;
  return typeof value.cooked === 'string' ? value.cooked : undefined;
}

/** The property that `a.b` and `a['b']` name; undefined where it is only known at run time. */
export function propertyOf(member: Node): string | undefined {
  const property = member.property;
  if (!isNode(property)) return undefined;
  return member.computed === true ? textOf(property) : String(property.name);
}
