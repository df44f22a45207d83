import { isObject, type JsonObject } from '../envelope/messages.js';
import { memberValue, rewriteObject } from '../json/json-text.js';
import { innerTask, relatedTask } from './related-task.js';

/**
 * The members of a result that name tasks, with the ids that the client of a prefixed endpoint knows: the flat task of
 * the extension and of `tasks/get`, the nested one of core tasks (2025-11-25), and the task that a result belongs to.
 */
export function exposeTasks(
  resultText: () => string,
  result: JsonObject,
  expose: (taskId: string) => string,
): Record<string, string> {
  const changes: Record<string, string> = {};
  const { task, taskId } = result;
  if (typeof taskId === 'string') changes['taskId'] = JSON.stringify(expose(taskId));
  if (isObject(task) && typeof task['taskId'] === 'string')
    changes['task'] = rewriteObject(memberValue(resultText(), 'task') ?? '{}', {
      taskId: JSON.stringify(expose(task['taskId'])),
    });
  const meta = isObject(result['_meta']) ? relatedTask(resultText(), result, expose) : null;
  if (meta !== null) changes['_meta'] = meta;
  if (isObject(result['result'])) {
    const inner = innerTask(memberValue(resultText(), 'result'), result['result'], expose);
    if (inner !== null) changes['result'] = inner;
  }
  return changes;
}
