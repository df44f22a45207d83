import { Field, ObjectType } from '@nestjs/graphql';
import type { OperationKind, OperationState } from '#contracts';
import { OperationKindEnum, OperationStateEnum } from '../graphql/enums.js';
import { Node } from '../graphql/node.js';
import { parsedJson } from '../graphql/parsed-json.js';
import { Payload } from '../graphql/payload.js';
import { DateTime, Json } from '../graphql/scalars.js';
import { Upstream } from './upstream.types.js';

@ObjectType({ implements: () => Node, description: 'A check or sync that somebody asked for.' })
export class UpstreamOperation extends Node {
  /** Not a field: what the resolver of `upstream` loads. */
  upstreamId!: string;
  @Field(() => OperationKindEnum)
  kind!: OperationKind;
  @Field(() => OperationStateEnum)
  state!: OperationState;
  @Field(() => String, { nullable: true, description: 'When FAILED: a code of docs/errors.md.' })
  code!: string | null;
  @Field(() => String, { nullable: true })
  message!: string | null;
  @Field(() => Json, { nullable: true, middleware: [parsedJson], description: 'What was found or changed.' })
  result!: unknown;
  @Field(() => DateTime)
  createdAt!: Date;
  @Field(() => DateTime, { nullable: true })
  finishedAt!: Date | null;
}

@ObjectType()
export class UpstreamOperationPayload extends Payload {
  @Field(() => UpstreamOperation, {
    nullable: true,
    description: 'While its state is PENDING or RUNNING, ask again with node(id:).',
  })
  operation?: UpstreamOperation | null;
  @Field(() => Upstream, { nullable: true })
  upstream?: Upstream | null;
}
