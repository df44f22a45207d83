import { describe, expect, it } from 'vitest';
import type { TokenScope, UserActor } from '#kernel';
import { assertMayIssue } from './assert-may-issue.js';

const actor = (scope: TokenScope | null): UserActor => ({
  kind: 'user',
  userId: 'user-1',
  organizationId: 'organization-1',
  sessionId: null,
  tokenId: null,
  roles: [],
  scope,
});
const scope = (scopes: string[], virtualServerId: string | null = null): TokenScope => ({ scopes, virtualServerId });

describe('assertMayIssue', () => {
  it('lets a session issue any token', () => {
    expect(() => assertMayIssue(actor(null), scope(['control:read', 'control:write', 'mcp']))).not.toThrow();
  });

  it('keeps a token from issuing one that reaches further', () => {
    const writer = actor(scope(['control:write']));
    expect(() => assertMayIssue(writer, scope(['control:write']))).not.toThrow();
    expect(() => assertMayIssue(writer, scope(['control:write', 'mcp']))).toThrow(
      expect.objectContaining({ code: 'FORBIDDEN', field: 'scopes' }),
    );
  });

  it('keeps a bound token from issuing an unbound one', () => {
    const bound = actor(scope(['mcp'], 'server-1'));
    expect(() => assertMayIssue(bound, scope(['mcp'], 'server-1'))).not.toThrow();
    expect(() => assertMayIssue(bound, scope(['mcp']))).toThrow(expect.objectContaining({ field: 'virtualServerId' }));
  });
});
