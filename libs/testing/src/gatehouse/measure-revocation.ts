import { performance } from 'node:perf_hooks';
import { addUser, addVirtualServer } from './first-journey.js';
import { callMcp } from './mcp-request.js';
import type { ControlPlaneClient } from './control-plane-client.js';
import type { SplitGatehouse } from './start-split.js';

/** What is taken away in one try. */
export type Revocation = 'token' | 'membership' | 'server';

/** Prepares one right that works on every gateway, and the mutation that ends it. */
async function prepare(
  kind: Revocation,
  name: string,
  split: SplitGatehouse,
  admin: ControlPlaneClient,
  upstreamId: string,
) {
  const { userId, token } = await addUser(admin, split.control.controlPlane, name);
  const { team } = await admin.mutate<{ team: { id: string } }>(
    'createTeam',
    'CreateTeamInput',
    { slug: name, name },
    'team { id }',
  );
  const { membership } = await admin.mutate<{ membership: { id: string } }>(
    'createMembership',
    'CreateMembershipInput',
    { teamId: team.id, userId, role: 'TEAM_MEMBER' },
    'membership { id }',
  );
  const serverId = await addVirtualServer(admin, name, upstreamId, ['echo'], { visibility: 'TEAM', teamId: team.id });
  const listed = await admin.send('{ apiTokens(last: 100) { edges { node { id name } } } }');
  const tokens = (listed.data as unknown as { apiTokens: { edges: { node: { id: string; name: string } }[] } })
    .apiTokens;
  const tokenId = tokens.edges.find(({ node }) => node.name === `${name}-token`)?.node.id;
  const end = {
    token: () => admin.mutate('revokeApiToken', 'RevokeApiTokenInput', { id: tokenId }, 'apiToken { id }'),
    membership: () => admin.mutate('deleteMembership', 'DeleteMembershipInput', { id: membership.id }, 'deletedId'),
    server: () =>
      admin.mutate(
        'updateVirtualServer',
        'UpdateVirtualServerInput',
        { id: serverId, enabled: false },
        'virtualServer { id }',
      ),
  }[kind];
  return { token, path: `/servers/${name}/mcp`, end };
}

const refused = { token: 401, membership: 404, server: 404 } as const;

/** Asks one gateway again and again until the answer has this status; returns the time of that answer. */
async function untilStatus(url: string, token: string, status: number): Promise<number> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const answer = await callMcp(url, token, 'tools/call', { name: 'echo', arguments: { text: 'x' } });
    if (answer.status === status) return performance.now();
    if (performance.now() > deadline)
      throw new Error(`${url} still answers ${answer.status}, not ${status}: ${answer.text}`);
  }
}

/**
 * Takes a right away and measures, on every gateway process, how long calls still go through.
 * @returns milliseconds from the answer of the mutation to the last gateway's first refusal
 */
export async function measureRevocation(
  kind: Revocation,
  name: string,
  split: SplitGatehouse,
  admin: ControlPlaneClient,
  upstreamId: string,
): Promise<number> {
  const { token, path, end } = await prepare(kind, name, split, admin, upstreamId);
  const urls = split.gateways.map(({ gateway }) => `${gateway}${path}`);
  await Promise.all(urls.map((url) => untilStatus(url, token, 200)));
  await end();
  const ended = performance.now();
  const refusals = await Promise.all(urls.map((url) => untilStatus(url, token, refused[kind])));
  return Math.max(...refusals) - ended;
}
