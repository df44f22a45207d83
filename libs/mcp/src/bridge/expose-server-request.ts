import { isObject, type JsonObject } from '../envelope/messages.js';
import { memberValue, objectMembers, rewriteObject } from '../json/json-text.js';
import { samplingMessages } from './expose-uris.js';
import type { NameExposure } from './names.js';
import { relatedTask } from './related-task.js';

/**
 * The parameters of a server's request with the names that the client knows: the task that it is asked for, and the
 * resources in what a model is to read. Which request it is makes no difference, since only sampling has messages; the
 * text stays where nothing in it is a name.
 */
export function exposeServerRequest(
  paramsText: string,
  params: JsonObject | undefined,
  { exposeTask, exposeUri }: NameExposure,
): string {
  if (params === undefined) return paramsText;
  const changes: Record<string, string> = {};
  const meta = exposeTask === null ? null : relatedTask(paramsText, params, exposeTask);
  if (meta !== null) changes['_meta'] = meta;
  const { messages } = params;
  if (exposeUri !== null && Array.isArray(messages)) {
    const shown = samplingMessages(memberValue(paramsText, 'messages') ?? '[]', messages, exposeUri);
    if (shown !== null) changes['messages'] = shown;
  }
  return Object.keys(changes).length === 0 ? paramsText : rewriteObject(paramsText, changes);
}

/** The `inputRequests` of a result, or of a task, with the names that the client knows; nothing where none changes. */
export function exposeInputRequests(
  holderText: () => string,
  { inputRequests }: JsonObject,
  exposure: NameExposure,
): Record<string, string> {
  if (!isObject(inputRequests) || (exposure.exposeUri === null && exposure.exposeTask === null)) return {};
  let changed = false;
  const members = objectMembers(memberValue(holderText(), 'inputRequests') ?? '{}').map(({ key, text, value }) => {
    const request = inputRequests[key];
    const params = isObject(request) ? request['params'] : undefined;
    if (!isObject(params)) return text;
    const paramsText = memberValue(value, 'params') ?? '{}';
    const shown = exposeServerRequest(paramsText, params, exposure);
    if (shown === paramsText) return text;
    changed = true;
    return `${JSON.stringify(key)}:${rewriteObject(value, { params: shown })}`;
  });
  return changed ? { inputRequests: `{${members.join(',')}}` } : {};
}
