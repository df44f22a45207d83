import { Field, ObjectType } from '@nestjs/graphql';
import { Node } from '../graphql/node.js';
import { DateTime } from '../graphql/scalars.js';

@ObjectType({ implements: () => Node, description: 'A tenant: everything else belongs to exactly one.' })
export class Organization extends Node {
  @Field(() => String)
  slug!: string;
  @Field(() => String)
  name!: string;
  @Field(() => DateTime)
  createdAt!: Date;
}
