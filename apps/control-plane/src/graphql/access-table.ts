import type { Permission } from '#authz';

/** Who may use a root field, before any object is looked at. */
export interface Access {
  /** `anyone`; `signed-in`: any user by session or token; else the permission that must hold for some thinkable object. */
  readonly needs: 'anyone' | 'signed-in' | Permission;
  /** The input holds a credential of its own, so a session cookie beside it decides nothing and needs no CSRF header. */
  readonly ownCredential?: true;
  /** Also for a token that is bound to one virtual server; it reads who it speaks for, and nothing else. */
  readonly boundTokens?: true;
  /** What the operation is called in the audit log; default: the permission. */
  readonly audit?: string;
}

/** The one table of who may: every root field stands here, and one that does not is refused (a test compares). */
export const accessTable: Readonly<Record<'Query' | 'Mutation', Readonly<Record<string, Access>>>> = {
  Query: {
    viewer: { needs: 'signed-in', boundTokens: true },
    node: { needs: 'signed-in' },
    users: { needs: 'user.read' },
    teams: { needs: 'team.read' },
    upstreams: { needs: 'upstream.read' },
    upstreamBySlug: { needs: 'upstream.read' },
    tools: { needs: 'tool.read' },
    resources: { needs: 'resource.read' },
    resourceTemplates: { needs: 'resourceTemplate.read' },
    prompts: { needs: 'prompt.read' },
    virtualServers: { needs: 'virtualServer.read' },
    virtualServerBySlug: { needs: 'virtualServer.read' },
    apiTokens: { needs: 'apiToken.read' },
    auditEvents: { needs: 'auditEvent.read' },
    verifyAudit: { needs: 'auditEvent.read' },
  },
  Mutation: {
    signIn: { needs: 'anyone', ownCredential: true, audit: 'session.create' },
    signOut: { needs: 'anyone', audit: 'session.delete' },
    completeSetup: { needs: 'anyone', ownCredential: true, audit: 'setup.complete' },
    createUser: { needs: 'user.create' },
    updateUser: { needs: 'user.update' },
    createTeam: { needs: 'team.create' },
    updateTeam: { needs: 'team.update' },
    deleteTeam: { needs: 'team.delete' },
    createMembership: { needs: 'membership.create' },
    updateMembership: { needs: 'membership.update' },
    deleteMembership: { needs: 'membership.delete' },
    createUpstream: { needs: 'upstream.create' },
    updateUpstream: { needs: 'upstream.update' },
    deleteUpstream: { needs: 'upstream.delete' },
    checkUpstream: { needs: 'upstream.update', audit: 'upstream.check' },
    syncUpstream: { needs: 'upstream.update', audit: 'upstream.sync' },
    createVirtualServer: { needs: 'virtualServer.create' },
    updateVirtualServer: { needs: 'virtualServer.update' },
    deleteVirtualServer: { needs: 'virtualServer.delete' },
    addVirtualServerEntries: { needs: 'virtualServer.update', audit: 'virtualServerEntry.create' },
    updateVirtualServerEntry: { needs: 'virtualServer.update', audit: 'virtualServerEntry.update' },
    removeVirtualServerEntries: { needs: 'virtualServer.update', audit: 'virtualServerEntry.delete' },
    createApiToken: { needs: 'apiToken.create' },
    revokeApiToken: { needs: 'apiToken.delete', audit: 'apiToken.revoke' },
    exportAudit: { needs: 'auditEvent.read', audit: 'auditEvent.export' },
  },
};

/** What a mutation is called in the audit log. */
export function auditedAs(mutation: string): string {
  const access = Object.entries(accessTable.Mutation).find(([name]) => name === mutation)?.[1];
  if (!access) return mutation;
  return access.audit ?? (access.needs === 'anyone' || access.needs === 'signed-in' ? mutation : access.needs);
}
