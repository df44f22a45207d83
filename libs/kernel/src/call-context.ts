import type { Clock } from './clock.js';

/** One role that an actor holds; `teamId` is null for a role over the whole organization. */
export interface GrantedRole {
  readonly role: string;
  readonly teamId: string | null;
}

/** What an API token narrows its owner to; `null` in {@link UserActor.scope} means not narrowed (a session). */
export interface TokenScope {
  /** Names from the scope catalogue in `#contracts`. */
  readonly scopes: readonly string[];
  /** When set, the token reaches this one virtual server and nothing else. */
  readonly virtualServerId: string | null;
}

/** A signed-in user, by session or by API token. */
export interface UserActor {
  readonly kind: 'user';
  readonly userId: string;
  readonly organizationId: string;
  readonly sessionId: string | null;
  readonly tokenId: string | null;
  readonly roles: readonly GrantedRole[];
  readonly scope: TokenScope | null;
}

/** The program itself: jobs, migrations, first start. `organizationId` is set when it works for one organization. */
export interface SystemActor {
  readonly kind: 'system';
  readonly organizationId: string | null;
  /** Which part of the program, for example `worker:sync-catalog`. */
  readonly name: string;
}

/** Nobody yet: before sign-in. */
export interface AnonymousActor {
  readonly kind: 'anonymous';
  readonly organizationId: null;
}

/** Who acts. */
export type Actor = UserActor | SystemActor | AnonymousActor;

/** The first parameter of every use case: who asks, in which request, at what time. */
export interface CallContext {
  readonly actor: Actor;
  readonly requestId: string;
  readonly clock: Clock;
  /** The client's address as far as it is known. */
  readonly ip: string | null;
  readonly userAgent: string | null;
}
