import { Field, InputType, ObjectType } from '@nestjs/graphql';
import { z } from 'zod';
import { email, slug } from '../graphql/input.js';
import { Payload } from '../graphql/payload.js';
import { Viewer } from '../viewer/viewer.types.js';

@InputType()
export class SignInInput {
  @Field(() => String)
  email!: string;
  @Field(() => String)
  password!: string;
  @Field(() => String, {
    nullable: true,
    description: 'Slug of the organization; default: the one of the installation.',
  })
  organization?: string | null;
}

/** The password keeps its white space, and its bound leaves the verdict to the comparison. */
export const signInInput = z.object({
  email: email(),
  password: z.string('must be text').max(1024, 'must have at most 1024 characters'),
  organization: slug().nullish(),
});

@ObjectType()
export class SignInPayload extends Payload {
  @Field(() => Viewer, { nullable: true })
  viewer?: Viewer | null;
}

@ObjectType()
export class SignOutPayload extends Payload {
  @Field(() => Boolean, { description: 'Whether there was a session to end.' })
  signedOut!: boolean;
}
