import { Injectable } from '@nestjs/common';
import { assertCanType } from '#authz';
import type { CallContext } from '#kernel';
import { UnitOfWork } from '#persistence';
import { abilityOf } from '../access/ability-of.js';
import { RequestLoader } from '../graphql/request-loader.js';
import type { AuditPlace } from './audit-cursor.js';

/** Reads recorded arguments and results, those of one answer together. They need a permission of their own. */
@Injectable()
export class AuditBodies {
  private readonly loader = new RequestLoader<AuditPlace, string | null>(
    (ctx, places) => this.read(ctx, places),
    ({ id }) => id,
  );

  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** @throws DomainError FORBIDDEN without `auditEvent.readBody`. */
  async find(ctx: CallContext, place: AuditPlace): Promise<string | null> {
    assertCanType(abilityOf(ctx), 'readBody', 'AuditEvent');
    return this.loader.find(ctx, place);
  }

  private async read(ctx: CallContext, places: readonly AuditPlace[]): Promise<(string | null)[]> {
    const rows = await this.unitOfWork.read(ctx, (tx) =>
      tx.sql.query<{ id: string; body: string | null }>(
        `select e.id, e.body from unnest($1::timestamptz[], $2::uuid[]) as wanted (occurred_at, id)
         join audit_events e on e.occurred_at = wanted.occurred_at and e.id = wanted.id`,
        [places.map(({ occurredAt }) => occurredAt.toISOString()), places.map(({ id }) => id)],
      ),
    );
    const bodies = new Map(rows.map(({ id, body }) => [id, body]));
    return places.map(({ id }) => bodies.get(id) ?? null);
  }
}
