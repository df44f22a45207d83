import { abilityForPrincipal, type Principal } from './ability-for.js';
import { can } from './can.js';
import type { Subject, SubjectAttributes } from './permissions.js';
import type { SharedObject } from './shared-object.js';

/** What the gateway serves. */
export type McpSubject = Extract<
  Subject,
  'Upstream' | 'Tool' | 'Resource' | 'ResourceTemplate' | 'Prompt' | 'VirtualServer'
>;

/** The gateway's questions about one principal, answered from the same rules as the control plane's. */
export interface McpAccess {
  /** Whether the object is listed and callable on its own: an upstream's catalogue on /mcp, a virtual server. */
  execute<S extends McpSubject>(subject: S, object: SubjectAttributes[S]): boolean;
  /** The same for an entry of a virtual server, which a token bound to that server reaches, too. */
  executeEntry<S extends McpSubject>(subject: S, object: SubjectAttributes[S]): boolean;
  /** Whether GraphQL would show the object. On MCP, `execute` decides (ARCHITECTURE.md §4.7). */
  read<S extends McpSubject>(subject: S, object: SubjectAttributes[S]): boolean;
  /** Whether the upstream may be used untouched at /upstreams/{slug}/mcp. */
  passThrough(upstream: SharedObject): boolean;
}

/**
 * Resolves a principal's rights once, for compiling visible sets into the snapshot. Composing delegates: who may
 * execute a virtual server may use its entries (ADR 0008). Only a private one lends nothing: its one caller is its
 * owner, whose own rights decide entry by entry.
 */
export function mcpAccessFor(principal: Principal): McpAccess {
  const ability = abilityForPrincipal(principal);
  const { scope } = principal;
  const unbound =
    scope === null || scope.virtualServerId === null
      ? ability
      : abilityForPrincipal({ ...principal, scope: { ...scope, virtualServerId: null } });
  return {
    executeEntry: (subject, object) => can(unbound, 'execute', subject, object),
    execute: (subject, object) => can(ability, 'execute', subject, object),
    read: (subject, object) => can(ability, 'read', subject, object),
    passThrough: (upstream) => can(ability, 'passThrough', 'Upstream', upstream),
  };
}
