import { Field, Float, ID, InputType, ObjectType } from '@nestjs/graphql';
import { z } from 'zod';
import { auditOutcomes, type AuditOutcome } from '#contracts';
import { connectionOf } from '../graphql/connection.js';
import { AuditOutcomeEnum } from '../graphql/enums.js';
import { globalId, text } from '../graphql/input.js';
import { Node } from '../graphql/node.js';
import { parsedJson } from '../graphql/parsed-json.js';
import { DateTime, Json } from '../graphql/scalars.js';

@ObjectType({ implements: () => Node, description: 'Who did what and when. Nobody can change or remove one.' })
export class AuditEvent extends Node {
  /** Not fields: what resolvers load. */
  actorUserId!: string | null;
  actorTokenId!: string | null;
  @Field(() => DateTime)
  occurredAt!: Date;
  @Field(() => String, { description: 'noun.verb for administration, the MCP method for calls.' })
  action!: string;
  @Field(() => AuditOutcomeEnum)
  outcome!: AuditOutcome;
  @Field(() => String, { nullable: true, description: 'When DENIED or FAILED: a code of docs/errors.md.' })
  reason!: string | null;
  @Field(() => String, { description: 'user, system or anonymous.' })
  actorKind!: string;
  @Field(() => String, { nullable: true })
  subjectType!: string | null;
  @Field(() => String, { nullable: true, description: 'The key of its row, or the name that was asked for.' })
  subjectId!: string | null;
  @Field(() => String)
  requestId!: string;
  @Field(() => String, { nullable: true })
  ip!: string | null;
  @Field(() => Float, { nullable: true })
  durationMs!: number | null;
  @Field(() => Json, { middleware: [parsedJson] })
  details!: unknown;
}

@ObjectType()
export class AuditEventConnection extends connectionOf(AuditEvent) {}

@InputType({ description: 'Which events; every part that is given must fit.' })
export class AuditEventFilter {
  @Field(() => String, { nullable: true })
  action?: string | null;
  @Field(() => AuditOutcomeEnum, { nullable: true })
  outcome?: AuditOutcome | null;
  @Field(() => ID, { nullable: true })
  actorUserId?: string | null;
  @Field(() => DateTime, { nullable: true, description: 'From this time on.' })
  from?: Date | null;
  @Field(() => DateTime, { nullable: true, description: 'Before this time.' })
  to?: Date | null;
}

export const auditEventFilter = z
  .object({
    action: text(100).nullish(),
    outcome: z.enum(auditOutcomes).nullish(),
    actorUserId: globalId('User').nullish(),
    from: z.date().nullish(),
    to: z.date().nullish(),
  })
  .refine(({ from, to }) => !from || !to || from < to, { path: ['from'], message: 'must lie before to' });

/** See {@link auditEventFilter}. */
export type AuditFilter = z.output<typeof auditEventFilter>;
