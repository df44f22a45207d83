import { Field, ObjectType } from '@nestjs/graphql';
import { z } from 'zod';
import { DomainError } from '#kernel';

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

type Refused = { userErrors: UserError[] };

/** Failures that the caller corrects by other input are data; everything else is a GraphQL error (style.md §16). */
const expected = new Set<string>(['BAD_USER_INPUT', 'CONFLICT', 'UPSTREAM_BLOCKED_ADDRESS']);

const inputErrors = (error: z.ZodError): UserError[] =>
  error.issues.map(({ path, message }) => {
    const field = path.join('.');
    return { field, code: 'BAD_USER_INPUT', message: `${field || 'input'} ${message}` };
  });

/**
 * Runs one mutation: decodes the input, calls the use case, and turns what the caller can correct into `userErrors`.
 * A decode message completes the field's name: "must have at most 200 characters".
 */
export async function mutate<S extends z.ZodType, P extends object>(
  schema: S,
  input: unknown,
  run: (input: z.output<S>) => Promise<P>,
): Promise<(P & Refused) | Refused> {
  const decoded = schema.safeParse(input);
  if (!decoded.success) return { userErrors: inputErrors(decoded.error) };
  try {
    return { ...(await run(decoded.data)), userErrors: [] };
  } catch (error) {
    if (!(error instanceof DomainError) || !expected.has(error.code)) throw error;
    return { userErrors: [{ field: error.field ?? null, code: error.code, message: error.message }] };
  }
}
