import { Field, InputType } from '@nestjs/graphql';
import { z } from 'zod';
import { email, text } from '../graphql/input.js';

@InputType()
export class CompleteSetupInput {
  @Field(() => String, { description: 'The part of the one-time link behind the #.' })
  token!: string;
  @Field(() => String)
  email!: string;
  @Field(() => String)
  displayName!: string;
  @Field(() => String)
  password!: string;
}

export const completeSetupInput = z.object({
  token: z.string('must be text').min(1, 'must not be empty').max(200, 'is not the one of a setup link'),
  email: email(),
  displayName: text(200),
  password: z.string('must be text').max(1024, 'must have at most 1024 characters'),
});
