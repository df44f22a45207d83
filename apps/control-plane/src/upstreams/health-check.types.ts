import { Field, Int, ObjectType } from '@nestjs/graphql';
import type { HealthState } from '#contracts';
import { connectionOf } from '../graphql/connection.js';
import { HealthStateEnum } from '../graphql/enums.js';
import { Node } from '../graphql/node.js';
import { DateTime } from '../graphql/scalars.js';

@ObjectType({ implements: () => Node, description: 'The result of one check of an upstream.' })
export class HealthCheck extends Node {
  @Field(() => HealthStateEnum)
  status!: HealthState;
  @Field(() => String, { nullable: true, description: 'When UNHEALTHY: a code of docs/errors.md.' })
  code!: string | null;
  @Field(() => String, { nullable: true })
  message!: string | null;
  @Field(() => Int)
  latencyMs!: number;
  @Field(() => DateTime)
  checkedAt!: Date;
}

@ObjectType()
export class HealthCheckConnection extends connectionOf(HealthCheck) {}
