import { isObject, type JsonObject } from '../envelope/messages.js';
import { memberValue, objectMembers, rewriteObject } from '../json/json-text.js';
import type { RequestOutcome } from '../upstream/upstream-link.js';
import { samplingContent } from './expose-uris.js';
import type { NameReversal } from './names.js';
import { relatedTask } from './related-task.js';
import { withParams } from './relay-notification.js';

/** What a model said, and not what a user filled into a form, whose content is nobody's but theirs. */
const isSampled = (answer: JsonObject): boolean => typeof answer['model'] === 'string' && !('action' in answer);

/** An answer of a client to a server with the upstream's own names; its own text where none is in it. */
function originalAnswer(text: string, answer: JsonObject, { originalTask, originalUri }: NameReversal): string {
  const changes: Record<string, string> = {};
  const meta = originalTask === null ? null : relatedTask(text, answer, originalTask);
  if (meta !== null) changes['_meta'] = meta;
  if (originalUri !== null && isSampled(answer)) {
    const content = samplingContent(memberValue(text, 'content') ?? '', answer['content'], originalUri);
    if (content !== null) changes['content'] = content;
  }
  return Object.keys(changes).length === 0 ? text : rewriteObject(text, changes);
}

const leavesAll = ({ originalTask, originalUri }: NameReversal): boolean =>
  originalTask === null && originalUri === null;

/** What a client answered a server, with the upstream's own names. */
export function originalOutcome(outcome: RequestOutcome, names: NameReversal): RequestOutcome {
  if (leavesAll(names) || !('result' in outcome)) return outcome;
  const answer: unknown = JSON.parse(outcome.result);
  return isObject(answer) ? { result: originalAnswer(outcome.result, answer, names) } : outcome;
}

/** The `inputResponses` of a request with the upstream's own names; null where they stay as they are. */
export function originalInputResponses(
  requestText: string,
  params: JsonObject | undefined,
  names: NameReversal,
): string | null {
  const given = params?.['inputResponses'];
  if (!isObject(given) || leavesAll(names)) return null;
  const text = memberValue(memberValue(requestText, 'params') ?? '{}', 'inputResponses') ?? '{}';
  let changed = false;
  const members = objectMembers(text).map((member) => {
    const answer = given[member.key];
    const value = isObject(answer) ? originalAnswer(member.value, answer, names) : member.value;
    if (value === member.value) return member.text;
    changed = true;
    return `${JSON.stringify(member.key)}:${value}`;
  });
  return changed ? `{${members.join(',')}}` : null;
}

/** A client's notification about a question, with the upstream's own id of the task that the question belongs to. */
export function originalNotification(text: string, { originalTask }: NameReversal): string {
  if (originalTask === null) return text;
  const { params } = JSON.parse(text) as { params?: JsonObject };
  const meta = isObject(params) ? relatedTask(memberValue(text, 'params') ?? '{}', params, originalTask) : null;
  return meta === null ? text : withParams(text, { _meta: meta });
}
