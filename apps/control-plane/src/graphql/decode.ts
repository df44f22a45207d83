import { z } from 'zod';
import { DomainError } from '#kernel';

/** Decodes an argument of a query; BAD_USER_INPUT that names the argument. Mutations use `mutate`. */
export function decode<S extends z.ZodType>(schema: S, field: string, value: unknown): z.output<S> {
  const decoded = schema.safeParse(value);
  if (decoded.success) return decoded.data;
  throw new DomainError('BAD_USER_INPUT', `${field} ${decoded.error.issues[0]?.message ?? 'is malformed'}`, { field });
}
