import { Field, ObjectType } from '@nestjs/graphql';
import type { Era, HealthState, UpstreamTransport, Visibility } from '#contracts';
import { connectionOf } from '../graphql/connection.js';
import { EraEnum, HealthStateEnum, UpstreamTransportEnum, VisibilityEnum } from '../graphql/enums.js';
import { Node } from '../graphql/node.js';
import { parsedJson } from '../graphql/parsed-json.js';
import { DateTime, Json } from '../graphql/scalars.js';

@ObjectType({ description: 'A header that every request to an upstream carries.' })
export class UpstreamHeader {
  @Field(() => String, { description: 'In lower case.' })
  name!: string;
  @Field(() => String)
  value!: string;
}

@ObjectType({ description: 'A header of the client that an upstream gets.' })
export class ForwardedHeader {
  @Field(() => String, { description: 'What the client calls it, in lower case.' })
  from!: string;
  @Field(() => String, { description: 'What the upstream gets it as, in lower case.' })
  to!: string;
}

@ObjectType({ implements: () => Node, description: 'A registered MCP server.' })
export class Upstream extends Node {
  /** Not fields: what resolvers need. The sealed credential never leaves. */
  ownerId!: string;
  teamId!: string | null;
  authSecret!: string | null;
  url!: string | null;
  connectTimeoutMs!: number | null;
  headersTimeoutMs!: number | null;
  requestTimeoutMs!: number | null;
  maxRequestMs!: number | null;
  @Field(() => String)
  slug!: string;
  @Field(() => String)
  name!: string;
  @Field(() => String)
  description!: string;
  @Field(() => UpstreamTransportEnum, { description: 'As registered, or as the last check found it at the address.' })
  transport!: UpstreamTransport;
  @Field(() => String, {
    nullable: true,
    description: 'STDIO: the name of a command in the allow list of the operator.',
  })
  command!: string | null;
  @Field(() => Boolean, { description: 'STDIO: one process for everyone, instead of one for each user.' })
  shared!: boolean;
  @Field(() => VisibilityEnum)
  visibility!: Visibility;
  @Field(() => Boolean, { description: 'A disabled upstream is neither listed nor called by the gateway.' })
  enabled!: boolean;
  @Field(() => String, { nullable: true, description: 'The header that carries the credential.' })
  authHeader!: string | null;
  @Field(() => EraEnum, { nullable: true, description: 'Null before the first successful check.' })
  era!: Era | null;
  /** Not the field: null stands for AUTO. */
  protocolEra!: Era | null;
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
