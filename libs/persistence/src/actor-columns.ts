import type { AuditEventDraft } from '#contracts';
import type { CallContext } from '#kernel';

/** The columns of an audit event that say who asked, in which request, from where. */
export function actorColumns(
  ctx: CallContext,
): Pick<AuditEventDraft, 'actorKind' | 'actorUserId' | 'actorTokenId' | 'requestId' | 'ip'> {
  const user = ctx.actor.kind === 'user' ? ctx.actor : null;
  return {
    actorKind: ctx.actor.kind,
    actorUserId: user?.userId ?? null,
    actorTokenId: user?.tokenId ?? null,
    requestId: ctx.requestId,
    ip: ctx.ip,
  };
}
