import { issueApiToken } from '#authn';
import { aggregatedName, apiTokenScopes, type ApiTokenScope } from '#contracts';
import { hashToken, sha256Hex, tokenSigningKey, type Keyring } from '#crypto';
import { newId, newRequestId, systemClock, type CallContext } from '#kernel';
import type { Tool, UnitOfWork, WriteTransaction } from '#persistence';
import type { JobProducer } from '#queue';

/** What the demo needs to know of the running server. */
export interface DemoOptions {
  readonly organizationId: string;
  readonly unitOfWork: UnitOfWork;
  readonly jobs: JobProducer;
  readonly keyring: Keyring;
  readonly upstreamUrl: string;
  readonly issuer: string;
  readonly audience: string;
}

/** A person of the demo and an API token of theirs. */
interface DemoPerson {
  readonly name: string;
  readonly token: string;
}

/** Two people, only one of whom is in the team that owns the virtual server, and one who reads the audit log. */
export interface DemoAccess {
  readonly endpoint: string;
  readonly allowed: DemoPerson;
  readonly denied: DemoPerson;
  readonly auditor: DemoPerson;
}

const toolNames = ['echo', 'get-sum'];
const dayMs = 86_400_000;

/**
 * Makes the demo's team, people, upstream and virtual server, the way the control plane would, and hands out one token
 * each to Alice (a member of the team), Bob (not one) and Carol (an auditor). Safe to run again: tokens are replaced, the rest is kept.
 */
export async function seedDemo(options: DemoOptions): Promise<DemoAccess> {
  const { unitOfWork } = options;
  const ctx = demoContext(options.organizationId);
  const { upstreamId, teamId, aliceId, bobId, carolId } = await unitOfWork.write(
    ctx,
    { action: 'demo.seed', subjectType: 'Upstream' },
    (tx) => seedPeopleAndUpstream(tx, options.upstreamUrl),
  );
  await syncNow(ctx, options, upstreamId);
  await unitOfWork.write(ctx, { action: 'virtualServer.create', subjectType: 'VirtualServer' }, (tx) =>
    seedVirtualServer(tx, { upstreamId, teamId, ownerId: aliceId }),
  );
  return {
    endpoint: `${options.audience}/servers/demo/mcp`,
    allowed: { name: 'Alice', token: await issueDemoToken(ctx, options, aliceId) },
    denied: { name: 'Bob', token: await issueDemoToken(ctx, options, bobId) },
    auditor: { name: 'Carol', token: await issueDemoToken(ctx, options, carolId, ['control:read']) },
  };
}

const demoContext = (organizationId: string): CallContext => ({
  actor: { kind: 'system', organizationId, name: 'demo' },
  requestId: newRequestId(),
  clock: systemClock,
  ip: null,
  userAgent: null,
});

async function seedPeopleAndUpstream(tx: WriteTransaction, url: string) {
  const user = async (email: string, displayName: string) =>
    (await tx.users.findOne({ email })) ??
    tx.users.create({ email, displayName, passwordHash: null, status: 'ACTIVE' });
  const alice = await user('alice@demo.invalid', 'Alice (demo)');
  const bob = await user('bob@demo.invalid', 'Bob (demo)');
  const carol = await user('carol@demo.invalid', 'Carol (demo)');
  const team =
    (await tx.teams.findOne({ slug: 'demo' })) ??
    tx.teams.create({ slug: 'demo', name: 'Demo team', description: 'Made by the demo; delete it whenever you like.' });
  await tx.users.flush();
  if (!(await tx.memberships.findOne({ teamId: team.id, userId: alice.id })))
    tx.memberships.create({ teamId: team.id, userId: alice.id, role: 'team-developer' });
  if (!(await tx.roleBindings.findOne({ userId: carol.id, role: 'organization-auditor' })))
    tx.roleBindings.create({ userId: carol.id, role: 'organization-auditor', expiresAt: null });
  const upstream =
    (await tx.upstreams.findOne({ slug: 'everything' })) ??
    tx.upstreams.create({
      slug: 'everything',
      name: 'Everything server',
      description: 'The reference server of the Model Context Protocol, started by the demo.',
      url,
      visibility: 'TEAM',
      ownerId: alice.id,
      teamId: team.id,
      enabled: true,
      authHeader: null,
      authSecret: null,
      era: null,
      protocolVersion: null,
      serverInfo: null,
      capabilities: null,
      instructions: null,
      health: 'UNKNOWN',
      healthCode: null,
      healthChangedAt: null,
    });
  upstream.url = url;
  tx.report({ subjectId: upstream.id, details: { url } });
  return { upstreamId: upstream.id, teamId: team.id, aliceId: alice.id, bobId: bob.id, carolId: carol.id };
}

async function syncNow(
  ctx: CallContext,
  { unitOfWork, jobs, organizationId }: DemoOptions,
  upstreamId: string,
): Promise<void> {
  const operation = await unitOfWork.write(
    ctx,
    { action: 'upstream.sync', subjectType: 'Upstream', subjectId: upstreamId },
    async (tx) =>
      tx.upstreamOperations.create({
        upstreamId,
        kind: 'SYNC',
        state: 'PENDING',
        code: null,
        message: null,
        result: null,
        requestedBy: null,
        requestId: ctx.requestId,
        finishedAt: null,
      }),
  );
  await jobs.enqueue(
    'sync-catalog',
    { organizationId, upstreamId, operationId: operation.id },
    { requestId: ctx.requestId },
  );
  const deadline = Date.now() + 60_000;
  for (;;) {
    const current = await unitOfWork.read(ctx, (tx) => tx.upstreamOperations.find(operation.id));
    if (current?.state === 'SUCCEEDED') return;
    if (current?.state === 'FAILED')
      throw new Error(`the demo upstream could not be read: ${current.code} ${current.message}`);
    if (Date.now() > deadline) throw new Error('the worker did not read the demo upstream within 60 s');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function seedVirtualServer(
  tx: WriteTransaction,
  { upstreamId, teamId, ownerId }: { upstreamId: string; teamId: string; ownerId: string },
): Promise<void> {
  const server =
    (await tx.virtualServers.findOne({ slug: 'demo' })) ??
    tx.virtualServers.create({
      slug: 'demo',
      name: 'Demo',
      description: 'Two tools of the everything server.',
      visibility: 'TEAM',
      ownerId,
      teamId,
      enabled: true,
      prefixNames: true,
      instructions: null,
    });
  await tx.virtualServers.flush();
  const tools: Tool[] = await tx.tools.list({ upstream: upstreamId, name: { $in: toolNames } });
  for (const tool of tools) {
    if (await tx.virtualServerEntries.findOne({ virtualServerId: server.id, toolId: tool.id })) continue;
    tx.virtualServerEntries.create({
      virtualServerId: server.id,
      kind: 'TOOL',
      toolId: tool.id,
      resourceId: null,
      resourceTemplateId: null,
      promptId: null,
      exposedName: aggregatedName('everything', tool.name, sha256Hex(`${upstreamId}\n${tool.name}`).slice(0, 6)),
      nameOverride: null,
      descriptionOverride: null,
    });
  }
  tx.report({ subjectId: server.id, details: { tools: tools.map(({ name }) => name) } });
}

async function issueDemoToken(
  ctx: CallContext,
  options: DemoOptions,
  userId: string,
  scopes: readonly ApiTokenScope[] = apiTokenScopes,
): Promise<string> {
  const issuedAt = new Date();
  const expiresAt = new Date(issuedAt.getTime() + dayMs);
  const tokenId = newId();
  const token = await issueApiToken(
    {
      issuer: options.issuer,
      audience: options.audience,
      userId,
      organizationId: options.organizationId,
      tokenId,
      scopes: [...scopes],
      issuedAt,
      expiresAt,
    },
    tokenSigningKey(options.keyring),
  );
  await options.unitOfWork.write(
    ctx,
    { action: 'apiToken.create', subjectType: 'ApiToken', subjectId: tokenId },
    async (tx) => {
      for (const old of await tx.apiTokens.list({ userId, name: 'demo', revokedAt: null })) old.revokedAt = issuedAt;
      tx.apiTokens.create(
        {
          userId,
          name: 'demo',
          tokenHash: hashToken(token),
          hint: token.slice(-4),
          scopes: [...scopes],
          virtualServerId: null,
          expiresAt,
          revokedAt: null,
        },
        tokenId,
      );
    },
  );
  return token;
}
