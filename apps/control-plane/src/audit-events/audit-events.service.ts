import { Inject, Injectable } from '@nestjs/common';
import { verifyAudit, type AuditVerification } from '#audit';
import { assertCanType } from '#authz';
import type { Keyring } from '#crypto';
import type { CallContext, Page, PageRequest } from '#kernel';
import { UnitOfWork } from '#persistence';
import { abilityOf } from '../access/ability-of.js';
import { organizationOf } from '../access/organization-of.js';
import { KEYRING } from '../dependencies.js';
import type { AuditFilter } from './audit-event.types.js';
import { readAuditPage, type ListedAuditEvent } from './read-audit-page.js';

/** Reads the audit log of the caller's organization. The right to read it holds for all of it or none. */
@Injectable()
export class AuditEventsService {
  private readonly verifications = new Map<string, Promise<AuditVerification>>();

  constructor(
    private readonly unitOfWork: UnitOfWork,
    @Inject(KEYRING) private readonly keyring: Keyring,
  ) {}

  page(ctx: CallContext, filter: AuditFilter, request: PageRequest): Promise<Page<ListedAuditEvent>> {
    assertCanType(abilityOf(ctx), 'read', 'AuditEvent');
    return this.unitOfWork.read(ctx, (tx) => readAuditPage(tx.sql, organizationOf(ctx), filter, request));
  }

  /** Reads the whole log. Whoever asks while it runs gets the same answer, so asking often costs no more than once. */
  verify(ctx: CallContext): Promise<AuditVerification> {
    assertCanType(abilityOf(ctx), 'read', 'AuditEvent');
    const organizationId = organizationOf(ctx);
    const running = this.verifications.get(organizationId);
    if (running) return running;
    const started = this.unitOfWork
      .read(ctx, (tx) => verifyAudit(tx.sql, this.keyring, organizationId))
      .finally(() => this.verifications.delete(organizationId));
    this.verifications.set(organizationId, started);
    return started;
  }
}
