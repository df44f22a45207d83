import { expect, it } from 'vitest';
import { authorize } from '../../apps/gateway/src/pipeline/authorize.js';
import { claimOf, recheckOf } from '../../apps/gateway/src/pipeline/claim.js';
import type { ConformingCall, UpstreamCall } from '../../apps/gateway/src/pipeline/calls.js';
import { mcpRouteOf } from '../../apps/gateway/src/pipeline/mcp-route.js';
import { exposeTaskId } from '../../apps/gateway/src/relay/task-ids.js';
import type { Gateway } from '../../apps/gateway/src/gateway.js';
import { hashToken } from '#crypto';
import { systemClock } from '#kernel';
import { endpointWith } from './endpoint-with.js';
import { endpoint, HandMadeSnapshots, keyring, newPrincipal, newToken, upstreamTarget } from './gateway-harness.js';

const upstream = upstreamTarget('up', 'http://127.0.0.1:9/mcp');
const catalogueOf = (...names: string[]) => ({
  tools: names.map((name) => ({ definition: { name }, run: () => ({}) })),
  resources: [],
  resourceTemplates: null,
  prompts: [],
});

it('[RLY-10] a task belongs to who may use its tool: without that right it is unknown, also while it is waited for', () => {
  const whole = endpoint({ kind: 'aggregate', slug: null }, [
    { upstream, catalogue: catalogueOf('job', 'other'), prefixed: true },
  ]);
  const tool = whole.tools.get('up__job');
  const tools = new Map([...whole.tools].filter(([name]) => name !== 'up__job'));
  const principal = newPrincipal();
  const place = { upstreamId: upstream.id, toolId: tool?.objectId ?? '', taskId: 'task-1' };
  const taskId = exposeTaskId(keyring, principal.tokenId, place);
  const ask = (of: typeof whole) => {
    const message = { method: 'tasks/get', era: 'LEGACY', received: { message: { params: { taskId } } } };
    return authorize({ keyring } as Gateway, { endpoint: of, message, principal } as unknown as ConformingCall);
  };
  expect(ask(whole).target).toMatchObject({ originalName: 'task-1', objectId: tool?.objectId, upstream });
  // Another tool of the same upstream is no right to this one's tasks.
  expect(() => ask(endpointWith(whole, { tools }))).toThrow(/task/);

  const snapshots = new HandMadeSnapshots();
  const token = newToken();
  const route = mcpRouteOf('/mcp', false);
  const call = { ...ask(whole), tokenHash: hashToken(token), posted: { route } } as unknown as UpstreamCall;
  const recheck = recheckOf(claimOf(call), snapshots, systemClock);
  snapshots.set(token, { principal, aggregate: whole });
  expect(recheck()).toBeNull();
  snapshots.set(token, { principal, aggregate: endpointWith(whole, { tools }) });
  expect(recheck()?.message).toContain('task');
});
