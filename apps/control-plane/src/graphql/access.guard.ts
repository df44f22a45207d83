import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { GqlExecutionContext } from '@nestjs/graphql';
import type { GraphQLResolveInfo } from 'graphql';
import { assertCanType, permissions, type AppAbility, type Permission } from '#authz';
import { DomainError, type CallContext } from '#kernel';
import { abilityOf } from '../access/ability-of.js';
import { accessTable, type Access } from './access-table.js';
import type { GraphqlContext } from './graphql-context.js';

/**
 * Refuses root fields by {@link accessTable}: identity, CSRF, token scope, type-level permission. Fails closed;
 * `RefusalFilter` records what it refuses.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  canActivate(execution: ExecutionContext): boolean {
    const context = GqlExecutionContext.create(execution);
    const { ctx, browser, loaders } = context.getContext<GraphqlContext>();
    const { parentType, fieldName } = context.getInfo<GraphQLResolveInfo>();
    const access = Object.entries(accessTable[parentType.name as keyof typeof accessTable] ?? {}).find(
      ([name]) => name === fieldName,
    )?.[1];
    if (!access) throw new DomainError('FORBIDDEN', `Nobody may use ${parentType.name}.${fieldName} yet.`);
    const isMutation = parentType.name === 'Mutation';
    if (isMutation && !access.ownCredential) browser.assertCsrf();
    assertAccess(ctx, access, isMutation);
    // Mutations of one document run one after the other; each must see what the one before it did.
    if (isMutation) loaders.clear();
    return true;
  }
}

function assertAccess(ctx: CallContext, { needs, boundTokens }: Access, isMutation: boolean): void {
  if (needs === 'anyone') return;
  const { actor } = ctx;
  if (actor.kind !== 'user') {
    throw new DomainError('UNAUTHENTICATED', 'Sign in, or send a live API token as `Authorization: Bearer gth_…`.');
  }
  if (actor.scope?.virtualServerId != null && !boundTokens) {
    throw new DomainError('FORBIDDEN', 'This API token is bound to one virtual server. Use another one, or sign in.');
  }
  if (isMutation && actor.scope && !actor.scope.scopes.includes('control:write')) {
    throw new DomainError('FORBIDDEN', 'This API token has no scope control:write. Use one that has, or sign in.');
  }
  if (needs !== 'signed-in') assertPermission(abilityOf(ctx), needs);
}

function assertPermission(ability: AppAbility, name: Permission): void {
  const entry = permissions.find((permission) => permission.name === name);
  if (!entry) throw new DomainError('FORBIDDEN', `Permission ${name} does not exist.`);
  assertCanType(ability, entry.action, entry.subject);
}
