import type { CatalogKind, Era } from '#contracts';

/** Which object an MCP method is about, and what it does with it. */
export interface MethodRule {
  /** Null: the endpoint itself. */
  readonly kind: CatalogKind | null;
  /** `open` and `list` need the endpoint; `execute` needs the object that the request names. */
  readonly action: 'open' | 'list' | 'execute';
  readonly eras: readonly Era[];
  /** False for methods that leave no audit record. */
  readonly audited: boolean;
}

const both: readonly Era[] = ['LEGACY', 'MODERN'];
const rule = (kind: CatalogKind | null, action: MethodRule['action'], eras = both, audited = true): MethodRule => ({
  kind,
  action,
  eras,
  audited,
});

/** Every request method that is relayed or answered here. A method that is not in this table is unknown. */
const methodRules = new Map<string, MethodRule>([
  ['initialize', rule(null, 'open', ['LEGACY'])],
  ['server/discover', rule(null, 'open', ['MODERN'])],
  ['ping', rule(null, 'open', ['LEGACY'], false)],
  ['tools/list', rule('TOOL', 'list')],
  ['tools/call', rule('TOOL', 'execute')],
  ['resources/list', rule('RESOURCE', 'list')],
  ['resources/templates/list', rule('RESOURCE_TEMPLATE', 'list')],
  ['resources/read', rule('RESOURCE', 'execute')],
  ['prompts/list', rule('PROMPT', 'list')],
  ['prompts/get', rule('PROMPT', 'execute')],
]);

/** The rule of a method, or null. */
export const ruleOf = (method: string): MethodRule | null => methodRules.get(method) ?? null;
