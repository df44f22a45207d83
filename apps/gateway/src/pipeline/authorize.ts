import { checkParamHeaders, nameSource } from '#mcp';
import { CallError, invalidParams } from './call-error.js';
import type { AuthorizedCall, ConformingCall, PostedMessage } from './calls.js';
import { ruleOf, type MethodRule } from './method-rules.js';
import { paramHeadersOf } from './param-headers-of.js';
import { targetOf } from './rights.js';

/** The object that a message asks for; null when it asks for none or spells it wrongly. */
export function askedName({ method, received }: PostedMessage): string | null {
  const source = nameSource(method);
  const name = source === null ? undefined : received.message.params?.[source];
  return typeof name === 'string' ? name : null;
}

function knownRule({ method, era }: PostedMessage): MethodRule {
  const rule = ruleOf(method);
  if (rule?.eras.includes(era)) return rule;
  throw new CallError('UNKNOWN_METHOD', `Method not found: ${method.slice(0, 100)}`, {
    status: era === 'MODERN' ? 404 : 200,
  });
}

/**
 * Decides whether the principal may do what the request asks. An endpoint's tables hold exactly the objects that the
 * principal may execute, decided by `#authz` when the snapshot was made: what is not in them does not exist for them.
 */
export function authorize(call: ConformingCall): AuthorizedCall {
  const { endpoint, message } = call;
  const rule = knownRule(message);
  if (rule.action !== 'execute') return { ...call, rule, target: null };
  const name = askedName(message);
  if (name === null) throw invalidParams(`"${nameSource(message.method) ?? 'name'}" must be a string`);
  const target = targetOf(endpoint, rule, name);
  if (rule.kind === 'TOOL' && message.era === 'MODERN') {
    const { headers, message: sent } = message.received;
    checkParamHeaders(paramHeadersOf(target), sent.params?.['arguments'], headers);
  }
  return { ...call, rule, target };
}
