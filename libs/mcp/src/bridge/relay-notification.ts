import { isObject, type JsonObject, type JsonRpcId, type JsonRpcNotification } from '../envelope/messages.js';
import { META } from '../era/protocol-versions.js';
import { memberValue, rewriteObject } from '../json/json-text.js';
import { exposeUris } from './expose-uris.js';

/** Levels of log messages, the least severe first (RFC 5424). */
export const logLevels: readonly string[] = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
];

/** Whether a message of this level reaches somebody who asked for `wanted` and what is more severe. */
export const reachesLevel = (level: unknown, wanted: string): boolean =>
  typeof level === 'string' && logLevels.indexOf(level) >= logLevels.indexOf(wanted);

const paramsOf = (text: string): string => memberValue(text, 'params') ?? '{}';

/** A notification with some members of its `params` replaced or taken away; the rest keeps its text. */
export const withParams = (text: string, changes: Readonly<Record<string, string | null>>): string =>
  rewriteObject(text, { params: rewriteObject(paramsOf(text), changes) });

/** A notification marked as belonging to a `subscriptions/listen` request (2026-07-28, Subscriptions). */
export function withSubscriptionId(text: string, params: JsonObject | undefined, id: JsonRpcId): string {
  const meta = isObject(params?.['_meta']) ? (memberValue(paramsOf(text), '_meta') ?? '{}') : '{}';
  return withParams(text, { _meta: rewriteObject(meta, { [META.subscriptionId]: JSON.stringify(id) }) });
}

/** How names in messages are shown to clients of an endpoint; null leaves them. */
export interface NameExposure {
  readonly exposeUri: ((uri: string) => string) | null;
  readonly exposeTask: ((taskId: string) => string) | null;
}

/**
 * A server's notification with resource URIs and task ids as the client knows them; its own text where none is there.
 * `notifications/tasks` (tasks extension, Task Status Notifications) carries what `tasks/get` would answer, so a result
 * is in it.
 */
export function exposeNotification(
  text: string,
  { method, params }: JsonRpcNotification,
  { exposeUri, exposeTask }: NameExposure,
): string {
  const changes: Record<string, string> = {};
  const uri = params?.['uri'];
  if (exposeUri !== null && method === 'notifications/resources/updated' && typeof uri === 'string')
    changes['uri'] = JSON.stringify(exposeUri(uri));
  if (exposeUri !== null && method === 'notifications/tasks' && params !== undefined)
    Object.assign(
      changes,
      exposeUris('tasks/get', () => paramsOf(text), params, exposeUri),
    );
  if (exposeTask !== null) {
    const taskId = params?.['taskId'];
    if (method.startsWith('notifications/tasks') && typeof taskId === 'string')
      changes['taskId'] = JSON.stringify(exposeTask(taskId));
    const meta = relatedTask(paramsOf(text), params, exposeTask);
    if (meta !== null) changes['_meta'] = meta;
    const inner = innerTask(changes['result'] ?? memberValue(paramsOf(text), 'result'), params?.['result'], exposeTask);
    if (inner !== null) changes['result'] = inner;
  }
  return Object.keys(changes).length === 0 ? text : withParams(text, changes);
}

/** `_meta` with the related task shown under its exposed id; null when it names none. */
export function relatedTask(
  holderText: string,
  holder: JsonObject | undefined,
  exposeTask: (taskId: string) => string,
): string | null {
  const meta = holder?.['_meta'];
  const related = isObject(meta) ? meta[META.relatedTask] : undefined;
  if (!isObject(related) || typeof related['taskId'] !== 'string') return null;
  const metaText = memberValue(holderText, '_meta') ?? '{}';
  const task = rewriteObject(memberValue(metaText, META.relatedTask) ?? '{}', {
    taskId: JSON.stringify(exposeTask(related['taskId'])),
  });
  return rewriteObject(metaText, { [META.relatedTask]: task });
}

/** A task's result that names the task itself, with its exposed id; null when it does not. */
export function innerTask(
  resultText: string | null,
  result: unknown,
  exposeTask: (taskId: string) => string,
): string | null {
  const meta = isObject(result) && resultText !== null ? relatedTask(resultText, result, exposeTask) : null;
  return meta === null || resultText === null ? null : rewriteObject(resultText, { _meta: meta });
}
