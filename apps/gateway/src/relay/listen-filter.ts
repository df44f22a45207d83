import { isObject, type JsonObject } from '#mcp';
import type { Endpoint, Target } from '#snapshot';
import type { Gateway } from '../gateway.js';
import { invalidParams } from '../pipeline/call-error.js';
import type { ConformingCall } from '../pipeline/calls.js';
import { foundTask, requireTasks } from '../pipeline/task-target.js';
import { listKinds, type ListKind } from './list-kinds.js';

/** What a client wants to hear of (2026-07-28, Subscriptions), as far as it may. */
export interface Honoured {
  readonly kinds: ReadonlySet<ListKind>;
  /** By the URI that the client used. */
  readonly resources: ReadonlyMap<string, Target>;
  /** By the id that the client knows; whether its upstream tells of a task is for that to say. */
  readonly tasks: ReadonlyMap<string, Target>;
}

const filterKey = (kind: ListKind): string => `${kind}ListChanged`;

function subscribable({ upstreams }: Endpoint, { upstream }: Target): boolean {
  const offered = upstreams.find(({ id }) => id === upstream.id)?.capabilities['resources'];
  return upstream.enabled && isObject(offered) && offered['subscribe'] === true;
}

function texts(filter: JsonObject, member: string, what: string): readonly string[] {
  const given = filter[member] ?? [];
  if (!Array.isArray(given) || given.some((one) => typeof one !== 'string'))
    throw invalidParams(`"notifications.${member}" must be a list of ${what}`);
  return given as string[];
}

/** What of the filter can be honoured; what the caller may not read or use is left out without a word. */
export function honouredOf({ config, keyring }: Gateway, call: ConformingCall): Honoured {
  const { endpoint, message, principal } = call;
  const filter = message.received.message.params?.['notifications'];
  if (!isObject(filter)) throw invalidParams('"notifications" must be an object');
  const uris = texts(filter, 'resourceSubscriptions', 'URIs');
  // Through a pass-through a legacy upstream answers here, and has no tasks that a modern client could name.
  const taskIds = endpoint.kind === 'upstream' ? [] : texts(filter, 'taskIds', 'task ids');
  const { maxSubscriptions } = config.gateway;
  if (uris.length + taskIds.length > maxSubscriptions)
    throw invalidParams(
      `"notifications.resourceSubscriptions" and "notifications.taskIds" may have ${maxSubscriptions} entries in all`,
    );
  if (taskIds.length > 0) requireTasks(call);
  const resources = new Map<string, Target>();
  for (const uri of uris) {
    const target = endpoint.resolveResource(uri);
    if (target !== null && subscribable(endpoint, target)) resources.set(uri, target);
  }
  const tasks = new Map<string, Target>();
  for (const id of taskIds) {
    const task = foundTask(keyring, endpoint, principal, id);
    if (task !== null) tasks.set(id, task);
  }
  return { kinds: new Set(listKinds.filter((kind) => filter[filterKey(kind)] === true)), resources, tasks };
}

/** The first message of a stream. @param agreed the ids of the tasks that their upstreams tell of */
export const acknowledgement = ({ kinds, resources, tasks }: Honoured, agreed: ReadonlySet<string>): string => {
  const taskIds = [...tasks.keys()].filter((id) => agreed.has(id));
  return JSON.stringify({
    jsonrpc: '2.0',
    method: 'notifications/subscriptions/acknowledged',
    params: {
      notifications: {
        ...Object.fromEntries([...kinds].map((kind) => [filterKey(kind), true])),
        ...(resources.size > 0 ? { resourceSubscriptions: [...resources.keys()] } : {}),
        ...(taskIds.length > 0 ? { taskIds } : {}),
      },
    },
  });
};
