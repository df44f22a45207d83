import type { CatalogKind, Era } from '#contracts';

/** Which object an MCP method is about, and what it does with it. */
export interface MethodRule {
  /** Null: the endpoint itself, or an upstream of it. */
  readonly kind: CatalogKind | null;
  /** `open` and `list` need the endpoint; `execute` the object that the request names; `task` the task that it names. */
  readonly action: 'open' | 'list' | 'execute' | 'task';
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

/** Every request method that is relayed or answered here. Any other is unknown, except on a pass-through. */
const methodRules = new Map<string, MethodRule>([
  ['initialize', rule(null, 'open', ['LEGACY'])],
  ['server/discover', rule(null, 'open', ['MODERN'])],
  ['ping', rule(null, 'open', ['LEGACY'], false)],
  ['logging/setLevel', rule(null, 'open', ['LEGACY'])],
  ['subscriptions/listen', rule(null, 'open', ['MODERN'])],
  ['tools/list', rule('TOOL', 'list')],
  ['tools/call', rule('TOOL', 'execute')],
  ['resources/list', rule('RESOURCE', 'list')],
  ['resources/templates/list', rule('RESOURCE_TEMPLATE', 'list')],
  ['resources/read', rule('RESOURCE', 'execute')],
  ['resources/subscribe', rule('RESOURCE', 'execute', ['LEGACY'])],
  ['resources/unsubscribe', rule('RESOURCE', 'execute', ['LEGACY'])],
  ['prompts/list', rule('PROMPT', 'list')],
  ['prompts/get', rule('PROMPT', 'execute')],
  // The prompt or the template whose arguments are to be completed.
  ['completion/complete', rule(null, 'execute')],
  ['tasks/get', rule(null, 'task')],
  ['tasks/cancel', rule(null, 'task')],
  ['tasks/result', rule(null, 'task', ['LEGACY'])],
  // Of the tasks extension, which clients of either era may declare.
  ['tasks/update', rule(null, 'task')],
]);

/** The rule of a method, or null. */
export const ruleOf = (method: string): MethodRule | null => methodRules.get(method) ?? null;

/** What completing the arguments of a prompt, or of a resource template, needs. */
export const completionRules = { prompt: rule('PROMPT', 'execute'), resource: rule('RESOURCE_TEMPLATE', 'execute') };

/** What a pass-through asks of a method: the right to the upstream, which the route has proved, and nothing else. */
export const passThroughRule: MethodRule = rule(null, 'execute');
