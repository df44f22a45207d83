import { mcpAccessFor, type McpAccess } from '#authz';
import type { ApiTokenScope } from '#contracts';
import { BoundedCache } from './bounded-cache.js';
import type { Principal } from './catalog-snapshot.js';
import type { CompiledCatalogue } from './compile-catalogue.js';
import { rolesAt, type CompiledToken, type Grants } from './compile-principals.js';
import { Rights } from './rights.js';

const mcpScope: ApiTokenScope = 'mcp';

/**
 * Stands for everyone who owns nothing here. Their rights do not depend on who they are, so they share them; the id of
 * one of them would hand that person's later objects to all.
 */
const anybody = '00000000-0000-0000-0000-000000000000';

/** Both are made again when they are asked for again; the bounds keep rare ones from piling up. */
const mostAccesses = 4096;
const mostRights = 1024;

/** One organization at one revision: its catalogue, its people, and what the people may do with the catalogue. */
export class CompiledOrganization {
  /** By signature, which says everything that rules depend on. */
  readonly #accesses: BoundedCache<McpAccess>;
  readonly #rights: BoundedCache<Rights>;
  /** What was found out for a principal last, and the roles that it rests on: most ask again and again. */
  readonly #last = new WeakMap<Principal, { readonly key: string; readonly rights: Rights }>();

  /**
   * @param grants by user id, active users only
   * @param tokens by token id, live ones only
   * @param previous the revision before: what was found out about grants there still holds, about the catalogue only
   *   while it is the same
   */
  constructor(
    readonly id: string,
    readonly catalogue: CompiledCatalogue,
    readonly grants: ReadonlyMap<string, Grants>,
    readonly tokens: ReadonlyMap<string, CompiledToken>,
    previous: CompiledOrganization | undefined,
  ) {
    this.#accesses = previous ? previous.#accesses : new BoundedCache(mostAccesses);
    this.#rights = previous?.catalogue === catalogue ? previous.#rights : new BoundedCache(mostRights);
  }

  /** What a principal may do now; null when their token is not live any more or is not for MCP. */
  rightsOf({ tokenId }: Principal, now: number): Rights | null {
    // The row that this revision knows, not what the caller holds, which may be older.
    const principal = this.tokens.get(tokenId)?.principal;
    const grants = principal && this.grants.get(principal.userId);
    if (!grants || principal.expiresAt <= now || !principal.scopes.has(mcpScope)) return null;
    const { roles, key } = rolesAt(grants, now);
    const last = this.#last.get(principal);
    if (last?.key === key) return last.rights;
    const userId = this.catalogue.owners.has(principal.userId) ? principal.userId : anybody;
    const { virtualServerId } = principal;
    const signature = `${userId}|${virtualServerId ?? ''}|${key}`;
    const rights = this.#rights.get(signature, () => {
      const scope = { scopes: [mcpScope], virtualServerId };
      const actor = { userId, organizationId: this.id, roles, scope };
      return new Rights(
        this.#accesses.get(signature, () => mcpAccessFor(actor)),
        this.catalogue,
      );
    });
    this.#last.set(principal, { key, rights });
    return rights;
  }
}
