import { Field, ID, ObjectType } from '@nestjs/graphql';
import { Payload } from './payload.js';

/** The answer of every delete mutation. */
@ObjectType()
export class DeletePayload extends Payload {
  @Field(() => ID, { nullable: true, description: 'The id of what is gone.' })
  deletedId?: string | null;
}
