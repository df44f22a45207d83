import { Field, ObjectType } from '@nestjs/graphql';
import type { Era, HealthState, Visibility } from '#contracts';
import { connectionOf } from '../graphql/connection.js';
import { EraEnum, HealthStateEnum, VisibilityEnum } from '../graphql/enums.js';
import { Node } from '../graphql/node.js';
import { parsedJson } from '../graphql/parsed-json.js';
import { DateTime, Json } from '../graphql/scalars.js';

@ObjectType({ implements: () => Node, description: 'A registered MCP server.' })
export class Upstream extends Node {
  /** Not fields: what resolvers need. The sealed credential never leaves. */
  ownerId!: string;
  teamId!: string | null;
  authSecret!: string | null;
  @Field(() => String)
  slug!: string;
  @Field(() => String)
  name!: string;
  @Field(() => String)
  description!: string;
  @Field(() => String)
  url!: string;
  @Field(() => VisibilityEnum)
  visibility!: Visibility;
  @Field(() => Boolean, { description: 'A disabled upstream is neither listed nor called by the gateway.' })
  enabled!: boolean;
  @Field(() => String, { nullable: true, description: 'The header that carries the credential.' })
  authHeader!: string | null;
  @Field(() => EraEnum, { nullable: true, description: 'Null before the first successful check.' })
  era!: Era | null;
  @Field(() => String, { nullable: true })
  protocolVersion!: string | null;
  @Field(() => Json, { nullable: true, middleware: [parsedJson], description: 'As the upstream sent it.' })
  serverInfo!: unknown;
  @Field(() => Json, { nullable: true, middleware: [parsedJson], description: 'As the upstream sent it.' })
  capabilities!: unknown;
  @Field(() => String, { nullable: true })
  instructions!: string | null;
  @Field(() => HealthStateEnum)
  health!: HealthState;
  @Field(() => String, { nullable: true, description: 'While UNHEALTHY: a code of docs/errors.md.' })
  healthCode!: string | null;
  @Field(() => DateTime, { nullable: true })
  healthChangedAt!: Date | null;
  @Field(() => DateTime)
  createdAt!: Date;
  @Field(() => DateTime)
  updatedAt!: Date;
}

@ObjectType()
export class UpstreamConnection extends connectionOf(Upstream) {}
