import type { GrantedRole } from '#kernel';
import type { ApiTokenRow, MembershipRow, RoleBindingRow, UserRow } from './catalog-rows.js';
import { byText } from './by-text.js';
import type { Principal } from './catalog-snapshot.js';

/** Roles at one moment; equal sets have equal keys. */
export interface RoleSet {
  readonly roles: readonly GrantedRole[];
  readonly key: string;
}

/** The roles of an active user: the lasting ones, and those that end by themselves. */
export interface Grants {
  readonly lasting: RoleSet;
  readonly expiring: readonly { readonly role: GrantedRole; readonly expiresAt: number }[];
}

const roleSet = (roles: readonly GrantedRole[]): RoleSet => ({
  roles,
  key: [...new Set(roles.map(({ role, teamId }) => (teamId === null ? role : `${role}@${teamId}`)))]
    .toSorted(byText)
    .join(),
});

/** @returns null for a user who is disabled or gone */
export function compileGrants(
  user: UserRow | undefined,
  memberships: readonly MembershipRow[],
  bindings: readonly RoleBindingRow[],
): Grants | null {
  if (user?.status !== 'ACTIVE') return null;
  const lasting = bindings.filter(({ expiresAt }) => expiresAt === null).map(({ role }) => ({ role, teamId: null }));
  return {
    lasting: roleSet([...memberships.map(({ role, teamId }) => ({ role, teamId })), ...lasting]),
    expiring: bindings.flatMap(({ role, expiresAt }) =>
      expiresAt === null ? [] : [{ role: { role, teamId: null }, expiresAt }],
    ),
  };
}

/** The roles that hold at a time (milliseconds since the epoch); a binding ends at its `expires_at`. */
export function rolesAt({ lasting, expiring }: Grants, now: number): RoleSet {
  if (expiring.length === 0) return lasting;
  const live = expiring.filter(({ expiresAt }) => expiresAt > now);
  return live.length === 0 ? lasting : roleSet([...lasting.roles, ...live.map(({ role }) => role)]);
}

/** A live token with the digest that it is looked up by. */
export interface CompiledToken {
  readonly hash: string;
  readonly principal: Principal;
}

/** Builds the principal of a token that is neither revoked nor expired, of a user who is active. */
export function compileToken(row: ApiTokenRow): CompiledToken {
  const { id, userId, organizationId, expiresAt, virtualServerId, rateLimitPerMinute, rateLimitBurst } = row;
  const scopes: ReadonlySet<string> = new Set(row.scopes.split(' ').filter(Boolean));
  return {
    hash: row.tokenHash,
    principal: {
      ...{ tokenId: id, userId, organizationId, expiresAt, scopes, virtualServerId },
      rateLimit:
        rateLimitPerMinute === null || rateLimitBurst === null
          ? null
          : { perMinute: rateLimitPerMinute, burst: rateLimitBurst },
    },
  };
}
