import { checkPasswordPolicy } from '#authn';
import { hashPassword, hashToken, randomToken } from '#crypto';
import { newId, newRequestId, type CallContext } from '#kernel';
import type { WriteTransaction } from '#persistence';
import { withAdvisoryLock } from '#postgres';
import type { ControlPlaneDeps } from '../dependencies.js';
import { passwordParams } from '../sign-in/password-params.js';

/** What came of looking for the first administrator. */
export type FirstAdmin =
  | { readonly state: 'exists' }
  | { readonly state: 'created'; readonly email: string }
  | { readonly state: 'link'; readonly url: string; readonly expiresAt: Date };

type Deps = Pick<ControlPlaneDeps, 'config' | 'clock' | 'unitOfWork' | 'identities' | 'systemPool'>;

/** Long enough for another server's password hash and a slow disk. */
const lockTimeout = 30_000;

/**
 * Makes sure that somebody can sign in: creates the organization if it is missing; while it has no owner, creates the one
 * of the settings, or a one-time link (older unused ones end). Two servers that start at once do it one after the other.
 * @param publicUrl origin of the control plane
 */
export function ensureFirstAdmin(deps: Deps, publicUrl: string): Promise<FirstAdmin> {
  return withAdvisoryLock(deps.systemPool, 'gatehouse:first-admin', { timeoutMs: lockTimeout }, async () => {
    const ctx = await organizationContext(deps);
    const hasOwner = await deps.unitOfWork.read(ctx, (tx) => tx.roleBindings.count({ role: 'organization-owner' }));
    if (hasOwner > 0) return { state: 'exists' };
    const { email, password } = deps.config.admin;
    return email && password ? createOwner(deps, ctx, email, password) : createLink(deps, ctx, publicUrl);
  });
}

/** Speaks for the organization that the settings name; creates it first if need be. */
async function organizationContext({ config, clock, identities, unitOfWork }: Deps): Promise<CallContext> {
  const slug = config.admin.organization;
  const existing = await identities.findOrganization(slug);
  const organizationId = existing?.id ?? newId();
  const ctx: CallContext = {
    actor: { kind: 'system', organizationId, name: 'control-plane:first-admin' },
    requestId: newRequestId(),
    clock,
    ip: null,
    userAgent: null,
  };
  if (existing) return ctx;
  const operation = { action: 'organization.create', subjectType: 'Organization', subjectId: organizationId };
  await unitOfWork.write(ctx, operation, async (tx) => {
    tx.organizations.create({ slug, name: slug }, organizationId);
  });
  return ctx;
}

async function createOwner(deps: Deps, ctx: CallContext, email: string, password: string): Promise<FirstAdmin> {
  checkPasswordPolicy(password, { email, field: 'GATEHOUSE_ADMIN_PASSWORD' });
  const passwordHash = await hashPassword(password, passwordParams(deps.config));
  await deps.unitOfWork.write(ctx, { action: 'user.create', subjectType: 'User' }, async (tx) => {
    const user = addOwner(tx, { email: email.toLowerCase(), displayName: 'Administrator', passwordHash });
    tx.report({ subjectId: user.id, details: { email: user.email, organizationRole: 'organization-owner' } });
  });
  return { state: 'created', email };
}

/** Adds a user who owns the organization; the caller has made sure that there is none. */
export function addOwner(
  tx: WriteTransaction,
  person: { email: string; displayName: string; passwordHash: string },
): { id: string; email: string } {
  const user = tx.users.create({ ...person, status: 'ACTIVE' });
  tx.roleBindings.create({ userId: user.id, role: 'organization-owner', expiresAt: null });
  return user;
}

async function createLink(deps: Deps, ctx: CallContext, publicUrl: string): Promise<FirstAdmin> {
  const token = randomToken();
  const now = new Date(deps.clock.now());
  const expiresAt = new Date(now.getTime() + deps.config.admin.setupLinkTtl);
  await deps.unitOfWork.write(ctx, { action: 'setup.link', subjectType: 'SetupLink' }, async (tx) => {
    for (const old of await tx.setupLinks.list({ usedAt: null, expiresAt: { $gt: now } })) old.expiresAt = now;
    const link = tx.setupLinks.create({
      tokenHash: hashToken(token),
      expiresAt,
      usedAt: null,
      createdAt: now,
    } as never);
    tx.report({ subjectId: link.id, details: { expiresAt: expiresAt.toISOString() } });
  });
  // In the fragment: browsers send it to nobody, so it stands in no log of a proxy.
  return { state: 'link', url: `${publicUrl}/auth/setup#${token}`, expiresAt };
}
