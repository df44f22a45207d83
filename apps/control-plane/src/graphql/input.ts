import { z } from 'zod';
import { decodeGlobalId, isSlug } from '#kernel';

/** Text of `min` to `max` characters; surrounding white space does not count. */
export const text = (max: number, min = 1) =>
  z
    .string('must be text')
    .trim()
    .min(min, min === 1 ? 'must not be empty' : `must have at least ${min} characters`)
    .max(max, `must have at most ${max} characters`)
    // U+0000 cannot be stored in PostgreSQL; the other control characters forge log lines and terminals.
    .refine((value) => !/[^\P{Cc}\t\n\r]/u.test(value), 'must not hold control characters');

/** A slug: lower-case letters, digits and single hyphens. */
export const slug = () =>
  z
    .string('must be text')
    .refine(
      isSlug,
      'must be a slug: lower-case letters and digits in groups joined by single hyphens, at most 32 characters, not a UUID',
    );

/** An e-mail address in lower case. */
export const email = () =>
  z
    .string('must be text')
    .max(254, 'must have at most 254 characters')
    .trim()
    .toLowerCase()
    .pipe(z.email('must be an e-mail address'));

/** The id of an object of this type, decoded to the row's UUID. */
export const globalId = (type: string) =>
  z.string('must be an id').transform((value, issue) => {
    const id = decodeGlobalId(value);
    if (id?.type === type) return id.uuid;
    issue.addIssue({ code: 'custom', message: `must be the id of a ${type}` });
    return z.NEVER;
  });

/** At most `max` of something. */
export const listOf = <T extends z.ZodType>(item: T, max: number) =>
  z.array(item).max(max, `must have at most ${max} items`);
