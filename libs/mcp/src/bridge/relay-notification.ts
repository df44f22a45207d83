import { isObject, type JsonObject, type JsonRpcId, type JsonRpcNotification } from '../envelope/messages.js';
import { META } from '../era/protocol-versions.js';
import { memberValue, rewriteObject } from '../json/json-text.js';
import { exposeInputRequests } from './expose-server-request.js';
import { exposeUris } from './expose-uris.js';
import type { NameExposure } from './names.js';
import { innerTask, relatedTask } from './related-task.js';

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

const modernOnly = Object.values(META).filter((key) => key !== META.relatedTask);

/** A notification of a modern server without what legacy ones do not say in `_meta`; its own text where none is there. */
export function withoutModernMeta(text: string, params: JsonObject | undefined): string {
  const meta = params?.['_meta'];
  if (!isObject(meta) || !modernOnly.some((key) => key in meta)) return text;
  const none = Object.fromEntries(modernOnly.map((key) => [key, null]));
  const left = rewriteObject(memberValue(paramsOf(text), '_meta') ?? '{}', none);
  return withParams(text, { _meta: left === '{}' ? null : left });
}

/**
 * A server's notification with resource URIs and task ids as the client knows them; its own text where none is there.
 * `notifications/tasks` (tasks extension, Task Status Notifications) carries what `tasks/get` would answer, so a result
 * or questions are in it.
 */
export function exposeNotification(
  text: string,
  { method, params }: JsonRpcNotification,
  exposure: NameExposure,
): string {
  const { exposeUri, exposeTask } = exposure;
  const changes: Record<string, string> = {};
  const uri = params?.['uri'];
  if (exposeUri !== null && method === 'notifications/resources/updated' && typeof uri === 'string')
    changes['uri'] = JSON.stringify(exposeUri(uri));
  if (exposeUri !== null && method === 'notifications/tasks' && params !== undefined)
    Object.assign(
      changes,
      exposeUris('tasks/get', () => paramsOf(text), params, exposeUri),
    );
  if (method === 'notifications/tasks' && params !== undefined)
    Object.assign(
      changes,
      exposeInputRequests(() => paramsOf(text), params, exposure),
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
