import { checkParamHeaders, hasExtension, nameMember, TASKS_EXTENSION } from '#mcp';
import type { Target, UpstreamTarget } from '#snapshot';
import type { Gateway } from '../gateway.js';
import { ownUpstream } from '../relay/endpoint-upstreams.js';
import { askedName, completionRefOf } from './asked-object.js';
import { CallError, invalidParams, unknownObject } from './call-error.js';
import type { AuthorizedCall, ConformingCall, PostedMessage } from './calls.js';
import { toAnswerHere, toUpstream } from './message-call.js';
import { passThroughRule, ruleOf, type MethodRule } from './method-rules.js';
import { refuseMissingCapability } from './missing-capability.js';
import { paramHeadersOf } from './param-headers-of.js';
import { foundTarget, targetOf, wholeUpstream } from './rights.js';
import { foundTask, requireTasks } from './task-target.js';

/** The answer to a method that does not exist here: 404 in the modern era (2026-07-28, Transports). */
export const unknownMethod = ({ era, method }: PostedMessage): CallError =>
  new CallError('UNKNOWN_METHOD', `Method not found: ${method.slice(0, 100)}`, {
    status: era === 'MODERN' ? 404 : 200,
  });

function knownRule(message: PostedMessage): MethodRule {
  const rule = ruleOf(message.method);
  if (rule?.eras.includes(message.era)) return rule;
  throw unknownMethod(message);
}

/** The parameters that a tool wants mirrored in headers must be told there as in the body. */
function checkHeaders({ era, received }: PostedMessage, tool: Target): void {
  if (era === 'LEGACY') return;
  checkParamHeaders(paramHeadersOf(tool), received.message.params?.['arguments'], received.headers);
}

/** Answered here on a pass-through as well: what opens a session, and a sign of life of the gateway. */
const neverPassed = new Set(['initialize', 'ping']);

/** A pass-through relays what it does not know, and leaves it to the upstream what its names mean. */
function authorizePassThrough(call: ConformingCall, upstream: UpstreamTarget): AuthorizedCall {
  const { endpoint, message } = call;
  const rule = ruleOf(message.method);
  if (rule !== null && message.era === 'LEGACY' && neverPassed.has(message.method)) return toAnswerHere(call, rule);
  const name = askedName(message) ?? '';
  const listed = rule === null || rule.action !== 'execute' ? null : foundTarget(endpoint, rule, name);
  if (listed !== null && rule?.kind === 'TOOL') checkHeaders(message, listed);
  return toUpstream(call, rule ?? passThroughRule, listed ?? wholeUpstream(upstream, name));
}

/** The object of this name, for a client that it is there for. */
function usableTarget(call: ConformingCall, rule: MethodRule, name: string): Target {
  refuseMissingCapability(call, rule, name);
  return targetOf(call.endpoint, rule, name);
}

function completionTarget(call: ConformingCall): { rule: MethodRule; target: Target } {
  const ref = completionRefOf(call.message);
  if (ref === null) throw invalidParams('"ref" must be a "ref/prompt" with a name or a "ref/resource" with a uri');
  return { rule: ref.rule, target: usableTarget(call, ref.rule, ref.name) };
}

/** Tasks of 2025-11-25, which have no updates, and not those of the extension. */
const isOfCore = ({ client, message }: ConformingCall): boolean =>
  message.era === 'LEGACY' && !hasExtension(client.capabilities, TASKS_EXTENSION);

function taskTarget({ keyring }: Gateway, call: ConformingCall): Target {
  const { endpoint, message, principal } = call;
  requireTasks(call);
  if (message.method === 'tasks/update' && isOfCore(call)) throw unknownMethod(message);
  const asked = askedName(message);
  if (asked === null) throw invalidParams('"taskId" must be a string');
  const task = foundTask(keyring, endpoint, principal, asked);
  if (task === null) throw unknownObject('task', asked);
  return task;
}

/**
 * Decides whether the principal may do what the request asks. An endpoint's tables hold exactly the objects that the
 * principal may execute, decided by `#authz` when the snapshot was made: what is not in them does not exist for them.
 */
export function authorize(gateway: Gateway, call: ConformingCall): AuthorizedCall {
  const { endpoint, message } = call;
  const own = ownUpstream(endpoint);
  if (own !== null) return authorizePassThrough(call, own);
  const rule = knownRule(message);
  if (rule.action === 'task') return toUpstream(call, rule, taskTarget(gateway, call));
  if (rule.action !== 'execute') return toAnswerHere(call, rule);
  if (rule.kind === null) {
    const completed = completionTarget(call);
    return toUpstream(call, completed.rule, completed.target);
  }
  const name = askedName(message);
  if (name === null) throw invalidParams(`"${nameMember(message.method) ?? 'name'}" must be a string`);
  const target = usableTarget(call, rule, name);
  if (rule.kind === 'TOOL') checkHeaders(message, target);
  return toUpstream(call, rule, target);
}
