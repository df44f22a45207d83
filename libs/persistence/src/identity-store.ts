import type { ApiTokenScope } from '#contracts';
import type { GrantedRole, UserActor } from '#kernel';
import type { SqlExecutor } from '#postgres';

/** A user as sign-in needs it, with every role that has not expired. */
export interface StoredIdentity {
  readonly userId: string;
  readonly organizationId: string;
  readonly email: string;
  readonly displayName: string;
  readonly active: boolean;
  readonly passwordHash: string | null;
  readonly roles: readonly GrantedRole[];
}

interface IdentityRow {
  id: string;
  organization_id: string;
  email: string;
  display_name: string;
  status: string;
  password_hash: string | null;
  roles: GrantedRole[] | null;
}

const identityColumns = `u.id, u.organization_id, u.email, u.display_name, u.status, u.password_hash,
  (select json_agg(json_build_object('role', r.role, 'teamId', r.team_id)) from (
     select role, null::uuid as team_id from role_bindings b where b.user_id = u.id and (b.expires_at is null or b.expires_at > now())
     union all select role, team_id from memberships m where m.user_id = u.id) r) as roles`;

const toIdentity = (row: IdentityRow): StoredIdentity => ({
  userId: row.id,
  organizationId: row.organization_id,
  email: row.email,
  displayName: row.display_name,
  active: row.status === 'ACTIVE',
  passwordHash: row.password_hash,
  roles: row.roles ?? [],
});

/**
 * Looks up who is behind a credential, before any organization is known.
 * Runs as `gatehouse_system`; every query is by key and returns one row at most.
 */
export class IdentityStore {
  constructor(private readonly sql: SqlExecutor) {}

  /** The organization with this slug, or null. */
  async findOrganization(slug: string): Promise<{ id: string } | null> {
    const rows = await this.sql.query<{ id: string }>('select id from organizations where slug = $1', [slug]);
    return rows[0] ?? null;
  }

  /** The user with this e-mail (any case) in the organization with this slug. */
  async findByEmail(organizationSlug: string, email: string): Promise<StoredIdentity | null> {
    const rows = await this.sql.query<IdentityRow>(
      `select ${identityColumns} from users u join organizations o on o.id = u.organization_id where o.slug = $1 and u.email = lower($2)`,
      [organizationSlug, email],
    );
    return rows[0] ? toIdentity(rows[0]) : null;
  }

  /** The user with this id. */
  async findUser(userId: string): Promise<StoredIdentity | null> {
    const rows = await this.sql.query<IdentityRow>(`select ${identityColumns} from users u where u.id = $1`, [userId]);
    return rows[0] ? toIdentity(rows[0]) : null;
  }

  /**
   * The actor behind an API token, by the SHA-256 of the token.
   * @returns null for a token that is unknown, revoked, expired, or whose user is disabled.
   */
  async findTokenActor(tokenHash: string): Promise<UserActor | null> {
    const rows = await this.sql.query<
      IdentityRow & { token_id: string; scopes: ApiTokenScope[]; virtual_server_id: string | null }
    >(
      `select t.id as token_id, t.scopes, t.virtual_server_id, ${identityColumns}
       from api_tokens t join users u on u.id = t.user_id
       where t.token_hash = $1 and t.revoked_at is null and t.expires_at > now() and u.status = 'ACTIVE'`,
      [tokenHash],
    );
    const row = rows[0];
    if (!row) return null;
    return {
      ...userActor(toIdentity(row)),
      tokenId: row.token_id,
      scope: { scopes: row.scopes, virtualServerId: row.virtual_server_id },
    };
  }

  /** Adds uses to tokens; called in batches, off the request path. */
  async addTokenUses(
    uses: readonly { tokenId: string; organizationId: string; calls: number; lastUsedAt: Date }[],
  ): Promise<void> {
    for (const use of uses) {
      await this.sql.query(
        `insert into api_token_usages (token_id, organization_id, last_used_at, calls)
         select id, organization_id, $2, $3 from api_tokens where id = $1
         on conflict (token_id) do update set calls = api_token_usages.calls + excluded.calls,
           last_used_at = greatest(api_token_usages.last_used_at, excluded.last_used_at)`,
        [use.tokenId, use.lastUsedAt, use.calls],
      );
    }
  }
}

/** A signed-in user without a token: the actor of a session. */
export const userActor = (identity: StoredIdentity): UserActor => ({
  kind: 'user',
  userId: identity.userId,
  organizationId: identity.organizationId,
  sessionId: null,
  tokenId: null,
  roles: identity.roles,
  scope: null,
});
