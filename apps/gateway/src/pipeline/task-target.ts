import type { Keyring } from '#crypto';
import { hasExtension, TASKS_EXTENSION } from '#mcp';
import type { Endpoint, Principal, Target } from '#snapshot';
import { openTaskId } from '../relay/task-ids.js';
import { CallError } from './call-error.js';
import type { ConformingCall } from './calls.js';
import { toolOfId, wholeUpstream } from './rights.js';

/**
 * What a task id means on an endpoint with names of its own: `objectId` is the tool whose call made the task. Null when
 * the id is nobody's, another token's, or of a tool that its owner may not use here (any more): all the same.
 */
export function foundTask(
  keyring: Keyring,
  endpoint: Endpoint,
  { tokenId }: Principal,
  exposedId: string,
): Target | null {
  const place = openTaskId(keyring, tokenId, exposedId);
  const tool = place === null ? null : toolOfId(endpoint.whole, place.toolId);
  if (place === null || tool?.upstream.id !== place.upstreamId) return null;
  return { ...wholeUpstream(tool.upstream, exposedId, place.taskId), objectId: tool.objectId };
}

/** Refuses (−32021) who asks of tasks without having declared them (tasks extension 2026-07-28, Protocol Errors). */
export function requireTasks({ client, message }: ConformingCall): void {
  if (message.era === 'LEGACY' || hasExtension(client.capabilities, TASKS_EXTENSION)) return;
  const requiredCapabilities = { extensions: { [TASKS_EXTENSION]: {} } };
  throw new CallError('MISSING_CLIENT_CAPABILITY', `Missing required client capability: ${TASKS_EXTENSION}`, {
    status: 400,
    details: { requiredCapabilities },
  });
}
