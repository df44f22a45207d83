import { isObject, nameMember } from '#mcp';
import type { PostedMessage } from './calls.js';
import { completionRules, type MethodRule } from './method-rules.js';

/** What `completion/complete` completes for. */
export interface CompletionRef {
  readonly rule: MethodRule;
  /** The member of `ref` that holds the name. */
  readonly member: 'name' | 'uri';
  readonly name: string;
}

/** The reference of a completion; null when it is malformed. */
export function completionRefOf({ received }: PostedMessage): CompletionRef | null {
  const ref = received.message.params?.['ref'];
  if (!isObject(ref)) return null;
  const { name, type, uri } = ref;
  if (type === 'ref/prompt' && typeof name === 'string') return { rule: completionRules.prompt, member: 'name', name };
  if (type === 'ref/resource' && typeof uri === 'string')
    return { rule: completionRules.resource, member: 'uri', name: uri };
  return null;
}

/** The object that a message asks for; null when it asks for none or spells it wrongly. */
export function askedName(message: PostedMessage): string | null {
  const { method, received } = message;
  if (method === 'completion/complete') return completionRefOf(message)?.name ?? null;
  const member = nameMember(method);
  const name = member === null ? undefined : received.message.params?.[member];
  return typeof name === 'string' ? name : null;
}
