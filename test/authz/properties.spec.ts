import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { abilityFor, assertCan, can, canType, filterFor, mcpAccessFor, permissions, subjects } from '#authz';
import { DomainError } from '#kernel';
import { anyUserActor, objectOf, rowOf, userActor } from './arbitraries.js';
import { meetsFilter } from './interpret-filter.js';
import { actionsOf } from './matrix.js';

const runs = { numRuns: 300 };

describe.each(subjects)('%s', (subject) => {
  const actions = actionsOf(subject);

  it('is listed exactly when it can be had: filterFor ⇔ can', () => {
    fc.assert(
      fc.property(anyUserActor, objectOf[subject], (actor, object) => {
        const ability = abilityFor(actor);
        const row = rowOf(subject, object);
        const listed = actions.filter((action) => meetsFilter(row, filterFor(ability, action, subject)));
        expect(listed).toEqual(actions.filter((action) => can(ability, action, subject, object)));
      }),
      runs,
    );
  });

  it('may be acted on only by who may read it', () => {
    fc.assert(
      fc.property(userActor, objectOf[subject], (actor, object) => {
        const ability = abilityFor(actor);
        const held = actions.filter((action) => can(ability, action, subject, object));
        expect(held.length === 0 || held.includes('read')).toBe(true);
      }),
      runs,
    );
  });

  it('is out of reach from another organization', () => {
    fc.assert(
      fc.property(anyUserActor, objectOf[subject], (actor, object) => {
        fc.pre(actor.organizationId !== object.organizationId);
        const ability = abilityFor(actor);
        expect(actions.filter((action) => can(ability, action, subject, object))).toEqual([]);
      }),
      runs,
    );
  });

  it('is NOT_FOUND to who may not read it, and FORBIDDEN only to who may', () => {
    fc.assert(
      fc.property(anyUserActor, objectOf[subject], (actor, object) => {
        const ability = abilityFor(actor);
        const readable = can(ability, 'read', subject, object);
        for (const action of actions.filter((action) => action !== 'create')) {
          const refusal = readable ? 'FORBIDDEN' : 'NOT_FOUND';
          const expected = can(ability, action, subject, object) ? null : refusal;
          expect(codeOf(() => assertCan(ability, action, subject, object))).toBe(expected);
        }
      }),
      runs,
    );
  });

  it('is allowed to nobody whom the type refuses', () => {
    fc.assert(
      fc.property(anyUserActor, objectOf[subject], (actor, object) => {
        const ability = abilityFor(actor);
        const held = actions.filter((action) => can(ability, action, subject, object));
        expect(held.filter((action) => !canType(ability, action, subject))).toEqual([]);
      }),
      runs,
    );
  });

  it('is reached by a token only where its owner reaches it', () => {
    fc.assert(
      fc.property(anyUserActor, objectOf[subject], (actor, object) => {
        const byToken = abilityFor(actor);
        const byOwner = abilityFor({ ...actor, scope: null });
        const beyond = actions.filter(
          (action) => can(byToken, action, subject, object) && !can(byOwner, action, subject, object),
        );
        expect(beyond).toEqual([]);
      }),
      runs,
    );
  });
});

describe('the organization-wide visibility', () => {
  it('is given by owners and administrators only', () => {
    fc.assert(
      fc.property(
        userActor,
        objectOf.Upstream,
        fc.constantFrom('Upstream', 'VirtualServer'),
        (actor, object, subject) => {
          const candidate = { ...object, visibility: 'ORGANIZATION' } as const;
          const mayGive = (['create', 'update'] as const).some((action) =>
            can(abilityFor(actor), action, subject, candidate),
          );
          const administers = actor.roles.some(
            ({ role, teamId }) => teamId === null && (role === 'organization-owner' || role === 'organization-admin'),
          );
          expect(mayGive && !administers).toBe(false);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('the gateway', () => {
  it('executes through a token nothing that its owner may not execute', () => {
    fc.assert(
      fc.property(anyUserActor, objectOf.VirtualServer, objectOf.Tool, (actor, server, tool) => {
        const access = mcpAccessFor(actor);
        const owner = abilityFor({ ...actor, scope: null });
        expect(access.execute('VirtualServer', server) && !can(owner, 'execute', 'VirtualServer', server)).toBe(false);
        expect(access.execute('Tool', tool) && !can(owner, 'execute', 'Tool', tool)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  it('lets an upstream be used untouched only by who may execute it', () => {
    fc.assert(
      fc.property(anyUserActor, objectOf.Upstream, (actor, upstream) => {
        const access = mcpAccessFor(actor);
        expect(access.passThrough(upstream) && !access.execute('Upstream', upstream)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  it('answers as the control plane does', () => {
    fc.assert(
      fc.property(anyUserActor, objectOf.Tool, (actor, tool) => {
        const access = mcpAccessFor(actor);
        const ability = abilityFor(actor);
        expect(access.execute('Tool', tool)).toBe(can(ability, 'execute', 'Tool', tool));
        expect(access.read('Tool', tool)).toBe(can(ability, 'read', 'Tool', tool));
      }),
      runs,
    );
  });
});

describe('the catalogue', () => {
  it('is closed: what is not in it is allowed to nobody', () => {
    const known = new Set(permissions.map(({ subject, action }) => `${subject} ${action}`));
    for (const subject of subjects) {
      fc.assert(
        fc.property(userActor, objectOf[subject], (actor, object) => {
          const held = actionsOf(subject).filter((action) => can(abilityFor(actor), action, subject, object));
          expect(held.filter((action) => !known.has(`${subject} ${action}`))).toEqual([]);
        }),
        { numRuns: 50 },
      );
    }
  });
});

function codeOf(act: () => void): string | null {
  try {
    act();
    return null;
  } catch (error) {
    if (error instanceof DomainError) return error.code;
    throw error;
  }
}
