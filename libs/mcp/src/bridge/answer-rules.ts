import {
  drop,
  keep,
  later,
  type Decide,
  type ObjectRule,
  type PassingObject,
  type Rule,
} from '../json/json-rewriter.js';
import { JsonFault } from '../json/json-scanner.js';
import type { JsonObject } from '../envelope/messages.js';
import type { AnswerOutcome } from '../upstream/upstream-reply.js';
import { cacheable } from './cacheable.js';
import { relatedTask } from './related-task.js';
import type { ReplyContext } from './reply-context.js';
import { resultChanges } from './result-changes.js';

/** How an answer is rewritten while it passes. */
export interface AnswerRules {
  readonly envelope: ObjectRule;
  /** How the call went, once the answer has passed. */
  outcome(): AnswerOutcome;
}

const object = (members: Readonly<Record<string, Rule>>): ObjectRule => ({
  kind: 'object',
  members: new Map(Object.entries(members)),
});
const elements = (of: ObjectRule): Rule => ({ kind: 'elements', of });
const value = (decide: Decide): Rule => ({ kind: 'value', decide });
const noted = value(() => keep);

const parsed = (text: string | undefined): unknown => (text === undefined ? undefined : JSON.parse(text));

/** The rules of `exposeUris`, for one content block: what its URI means depends on its type, wherever that stands. */
function contentBlock(expose: (text: string) => string | typeof keep): ObjectRule {
  const inBlock = (type: string, block: PassingObject | null, text: string, isOver: boolean) => {
    const known = block?.values.get('type');
    if (known === undefined) return isOver ? keep : later;
    return parsed(known) === type ? expose(text) : keep;
  };
  return object({
    type: noted,
    uri: value((text, block, over) => inBlock('resource_link', block, text, over > 0)),
    resource: object({ uri: value((text, { parent }, over) => inBlock('resource', parent, text, over > 1)) }),
  });
}

/** A result within a result, which may name the task that it is of. */
function innerTaskRule({ exposeTask }: ReplyContext): Readonly<Record<string, Rule>> {
  if (exposeTask == null) return {};
  const rule = value((text) => relatedTask(`{"_meta":${text}}`, { _meta: parsed(text) }, exposeTask) ?? keep);
  return { _meta: rule };
}

/** What a server asks in a result: the rules of `exposeInputRequests`. */
function questionRules(context: ReplyContext): Readonly<Record<string, Rule>> {
  const { exposeTask, exposeUri } = context;
  if (exposeUri === null && exposeTask == null) return {};
  const messages: Record<string, Rule> = {};
  if (exposeUri !== null) {
    const block = contentBlock(exposing(exposeUri));
    const members = new Map(block.members).set('content', elements(block));
    messages['messages'] = elements(object({ content: { kind: 'one-or-many', of: { ...block, members } } }));
  }
  const request = object({ params: object({ ...messages, ...innerTaskRule(context) }) });
  return { inputRequests: { ...object({}), others: request } };
}

const exposing = (exposeUri: (uri: string) => string) => (text: string) => {
  const uri = parsed(text);
  return typeof uri === 'string' ? JSON.stringify(exposeUri(uri)) : keep;
};

function uriRules(context: ReplyContext): Readonly<Record<string, Rule>> {
  const { exposeUri, method } = context;
  if (exposeUri === null) return {};
  const expose = exposing(exposeUri);
  const blocks = { content: elements(contentBlock(expose)) };
  switch (method) {
    case 'resources/read':
      return { contents: elements(object({ uri: value(expose) })) };
    case 'tools/call':
    case 'tasks/result':
      return blocks;
    case 'tasks/get':
      return { result: object({ ...blocks, ...innerTaskRule(context) }) };
    case 'prompts/get':
      return { messages: elements(object({ content: contentBlock(expose) })) };
    default:
      return {};
  }
}

/** The small members of a result that `resultChanges` may have something to say about. */
function fittedKeys({ clientEra, exposeTask, method, sealState, upstreamEra }: ReplyContext): string[] {
  const keys = exposeTask == null ? [] : ['taskId', 'task', '_meta'];
  if (clientEra === 'LEGACY')
    return upstreamEra === 'LEGACY' ? keys : [...keys, 'resultType', 'ttlMs', 'cacheScope', 'taskId', '_meta'];
  if (upstreamEra === 'LEGACY') keys.push('resultType', '_meta');
  else if (sealState != null) keys.push('resultType', 'requestState');
  if (cacheable.has(method)) keys.push('ttlMs', 'cacheScope');
  return keys;
}

/** What becomes of one of those: what `resultChanges` says of a result that has it, and what it depends on. */
function fitted(context: ReplyContext, key: string, type: string | undefined): Decide {
  const towardsLegacy = context.clientEra === 'LEGACY' && context.upstreamEra === 'MODERN';
  return (text, { seen, values }, over) => {
    const known = values.get('resultType');
    if (towardsLegacy && key === 'resultType' && parsed(text) !== (type ?? 'complete'))
      throw new JsonFault('said behind a large result that it is none');
    if (over === 0 && key === 'requestState' && known === undefined) return later;
    if (over === 0 && key === 'ttlMs' && towardsLegacy && type !== 'task' && !seen.has('taskId')) return later;
    const result: JsonObject = { [key]: parsed(text) };
    const ofType = towardsLegacy ? type : parsed(known);
    if (key !== 'resultType' && ofType !== undefined) result['resultType'] = ofType;
    if (key === 'ttlMs' && seen.has('taskId')) result['taskId'] ??= null;
    const change = resultChanges(context, result, () => `{"${key}":${text}}`)[key];
    return change === undefined ? keep : (change ?? drop);
  };
}

function resultRule(context: ReplyContext, type: string | undefined, failed: () => void): ObjectRule {
  const { clientEra, method, upstreamEra } = context;
  const members: Record<string, Rule> = {
    result: object(innerTaskRule(context)),
    ...questionRules(context),
    ...uriRules(context),
  };
  for (const key of fittedKeys(context)) members[key] = value(fitted(context, key, type));
  if (method === 'tools/call')
    members['isError'] = value((text) => {
      if (text === 'true') failed();
      return keep;
    });
  if (clientEra === 'LEGACY' && upstreamEra === 'MODERN' && type !== 'task')
    members['structuredContent'] = { kind: 'object-or-nothing' };
  const rule = object(members);
  if (clientEra === 'LEGACY' || upstreamEra === 'MODERN') return rule;
  // What a modern result must have, where the upstream's had nothing in its place.
  const end = ({ seen }: PassingObject) => {
    const missing: Record<string, string> = {};
    const required = resultChanges(context, {}, () => '{}');
    for (const key in required) if (!seen.has(key)) missing[key] = required[key] ?? 'null';
    return missing;
  };
  return { ...rule, end };
}

/**
 * What `translateUpstreamReply` does to a result, as rules for one that passes by; what it says differently of an error,
 * or of a result of another type, must have been ruled out.
 * @param sentId the id that the upstream was sent
 * @param type the result's type, where a legacy client is answered by a modern upstream; undefined: it has none
 */
export function answerRules(context: ReplyContext, sentId: unknown, type: string | undefined): AnswerRules {
  const { clientId } = context;
  let outcome: AnswerOutcome = 'ok';
  const envelope = object({
    jsonrpc: value((text) => {
      if (parsed(text) !== '2.0') throw new JsonFault('sent something that is no answer');
      return keep;
    }),
    id: value((text) => {
      if (parsed(text) !== sentId) throw new JsonFault('answered another request than the one that was sent');
      return sentId === clientId ? keep : JSON.stringify(clientId);
    }),
    result: resultRule(context, type, () => (outcome = 'tool-error')),
  });
  const end = ({ seen }: PassingObject) => {
    if (!seen.has('jsonrpc') || !seen.has('id')) throw new JsonFault('sent something that is no answer');
    return {};
  };
  return { envelope: { ...envelope, isClosed: true, end }, outcome: () => outcome };
}
