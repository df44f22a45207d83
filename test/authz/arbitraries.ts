import * as fc from 'fast-check';
import type { Subject, SubjectAttributes } from '#authz';
import { apiTokenScopes, organizationRoles, teamRoles, visibilities } from '#contracts';
import type { GrantedRole, UserActor } from '#kernel';

// Few ids, so that owners, teams and organizations meet often.
const organizationIds = ['organization-1', 'organization-2'] as const;
const teamId = fc.constantFrom('team-1', 'team-2', 'team-3');
const userId = fc.constantFrom('user-1', 'user-2', 'user-3');
const objectId = fc.constantFrom('object-1', 'object-2', 'team-1', 'user-1', ...organizationIds);
const organizationId = fc.constantFrom(...organizationIds);

const grantedRole: fc.Arbitrary<GrantedRole> = fc.oneof(
  fc.record({ role: fc.constantFrom(...organizationRoles), teamId: fc.constant(null) }),
  fc.record({ role: fc.constantFrom(...teamRoles), teamId }),
  fc.record({ role: fc.constantFrom('team-admin', 'organization-owner', 'gone'), teamId: fc.option(teamId) }),
);

/** A user who is signed in by session. */
export const userActor: fc.Arbitrary<UserActor> = fc.record({
  kind: fc.constant('user'),
  userId,
  organizationId,
  sessionId: fc.constant('session'),
  tokenId: fc.constant(null),
  roles: fc.array(grantedRole, { maxLength: 3 }),
  scope: fc.constant(null),
});

/** A user who acts by session, or by a token of any scope. */
export const anyUserActor: fc.Arbitrary<UserActor> = fc
  .tuple(
    userActor,
    fc.option(
      fc.record({
        scopes: fc.subarray([...apiTokenScopes]),
        virtualServerId: fc.option(fc.constantFrom('object-1', 'object-2')),
      }),
    ),
  )
  .map(([actor, scope]) => Object.assign({}, actor, { scope }));

const sharedObject = fc.record({
  organizationId,
  id: objectId,
  ownerId: userId,
  teamId: fc.option(teamId),
  visibility: fc.constantFrom(...visibilities),
});

/** Objects of every type. */
export const objectOf: { readonly [S in Subject]: fc.Arbitrary<SubjectAttributes[S]> } = {
  Organization: fc.record({ organizationId, id: objectId }),
  User: fc.record({ organizationId, id: userId, teamIds: fc.uniqueArray(teamId) }),
  Team: fc.record({ organizationId, id: teamId }),
  Membership: fc.record({ organizationId, id: objectId, teamId, userId }),
  RoleBinding: fc.record({ organizationId, id: objectId, userId, role: fc.constantFrom(...organizationRoles, 'gone') }),
  ApiToken: fc.record({ organizationId, id: objectId, userId }),
  Upstream: sharedObject,
  Tool: sharedObject,
  Resource: sharedObject,
  ResourceTemplate: sharedObject,
  Prompt: sharedObject,
  VirtualServer: sharedObject,
  AuditEvent: fc.record({ organizationId, id: objectId }),
  HealthCheck: sharedObject,
};

/** The row that an object's attributes are read from: relations instead of inherited attributes. */
export function rowOf(subject: Subject, object: SubjectAttributes[Subject]): unknown {
  switch (subject) {
    case 'Tool':
    case 'Resource':
    case 'ResourceTemplate':
    case 'Prompt':
    case 'HealthCheck': {
      const { organizationId, id, ...inherited } = object as SubjectAttributes['Tool'];
      return { organizationId, id, [subject === 'HealthCheck' ? 'upstreamId' : 'upstream']: inherited };
    }
    case 'User': {
      const { teamIds = [], ...columns } = object as SubjectAttributes['User'];
      return { ...columns, memberships: teamIds.map((teamId) => ({ teamId })) };
    }
    default:
      return object;
  }
}
