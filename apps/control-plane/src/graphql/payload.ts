import { Field, ObjectType } from '@nestjs/graphql';
import type { z } from 'zod';
import { DomainError } from '#kernel';
import { MalformedInput } from './malformed-input.js';

/** Why a mutation changed nothing, in words that can be shown beside the input field. */
@ObjectType()
export class UserError {
  @Field(() => String, {
    nullable: true,
    description: 'The input field at fault, as a path such as `entries.0.toolId`.',
  })
  field!: string | null;
  @Field(() => String, { description: 'A code of docs/errors.md.' })
  code!: string;
  @Field(() => String)
  message!: string;
}

/** What every mutation payload holds beside its objects, which are null when there are user errors. */
@ObjectType({ isAbstract: true })
export abstract class Payload {
  @Field(() => [UserError])
  userErrors!: UserError[];
}

/** A payload whose objects are missing, because of what it says. */
export type RefusedPayload = Pick<Payload, 'userErrors'>;

/** Failures that the caller corrects by other input are data; everything else is a GraphQL error. */
const expected = new Set<string>(['BAD_USER_INPUT', 'CONFLICT', 'UPSTREAM_BLOCKED_ADDRESS', 'COMMAND_NOT_ALLOWED']);

/**
 * Runs one mutation: decodes the input and calls the use case. What either throws is recorded, and turned into
 * `userErrors` where the caller can correct it, by `RefusalFilter`.
 * A decode message completes the field's name: "must have at most 200 characters".
 * @throws MalformedInput
 */
export async function mutate<S extends z.ZodType, P extends object>(
  schema: S,
  input: unknown,
  run: (input: z.output<S>) => Promise<P>,
): Promise<P & RefusedPayload> {
  const decoded = schema.safeParse(input);
  if (!decoded.success) throw new MalformedInput(decoded.error);
  return { ...(await run(decoded.data)), userErrors: [] };
}

/** The payload that says what to correct, or null for a failure that no other input would mend. */
export function refusedPayload(error: unknown): RefusedPayload | null {
  if (!(error instanceof DomainError) || !expected.has(error.code)) return null;
  const { code, message, field } = error;
  const problems = error instanceof MalformedInput ? error.problems : [{ field: field ?? null, message }];
  return { userErrors: problems.map((problem) => ({ field: problem.field, code, message: problem.message })) };
}
