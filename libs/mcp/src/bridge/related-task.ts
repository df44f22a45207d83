import { isObject, type JsonObject } from '../envelope/messages.js';
import { META } from '../era/protocol-versions.js';
import { memberValue, rewriteObject } from '../json/json-text.js';

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
