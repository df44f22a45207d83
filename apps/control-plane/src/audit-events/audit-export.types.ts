import { Field, Float, InputType, ObjectType } from '@nestjs/graphql';
import { z } from 'zod';
import type { OperationState } from '#contracts';
import { OperationStateEnum } from '../graphql/enums.js';
import { Node } from '../graphql/node.js';
import { Payload } from '../graphql/payload.js';
import { DateTime } from '../graphql/scalars.js';
import { auditEventFilter, AuditEventFilter } from './audit-event.types.js';

@ObjectType({ implements: () => Node, description: 'A request to write audit events to a JSON Lines file.' })
export class AuditExport extends Node {
  @Field(() => OperationStateEnum)
  state!: OperationState;
  @Field(() => String, { nullable: true, description: 'In the export folder of the worker.' })
  fileName!: string | null;
  @Field(() => Float)
  records!: number;
  @Field(() => Float)
  bytes!: number;
  @Field(() => String, { nullable: true, description: 'Over everything before the last line, as that line says it.' })
  sha256!: string | null;
  @Field(() => String, { nullable: true, description: 'When FAILED: a code of docs/errors.md.' })
  code!: string | null;
  @Field(() => String, { nullable: true })
  message!: string | null;
  @Field(() => DateTime)
  createdAt!: Date;
  @Field(() => DateTime, { nullable: true })
  finishedAt!: Date | null;
}

@InputType()
export class ExportAuditInput {
  @Field(() => AuditEventFilter, { nullable: true, description: 'Default: everything.' })
  filter?: AuditEventFilter | null;
}

export const exportAuditInput = z.object({ filter: auditEventFilter.nullish() });

@ObjectType()
export class AuditExportPayload extends Payload {
  @Field(() => AuditExport, { nullable: true, description: 'Ask again with node(id:) until it has finished.' })
  auditExport?: AuditExport | null;
}
