import { z } from 'zod';
import { listOf } from '../graphql/input.js';
import { headerText, headerToken, isCredentialHeader, isGatewayHeader } from './header-names.js';

const mostHeaders = 20;
const maxValueBytes = 2 * 1024;

/** The name of a header that carries no credential, in lower case: names are compared without case (RFC 9110 §5.1). */
const headerName = () =>
  z
    .string('must be text')
    .trim()
    .toLowerCase()
    .max(100, 'must have at most 100 characters')
    .regex(headerToken, 'must be the name of an HTTP header, such as X-Tenant')
    .superRefine((name, context) => {
      const problem = problemOf(name);
      if (problem !== null) context.addIssue({ code: 'custom', message: problem });
    });

/** Why a header is nobody's to choose, or null. */
function problemOf(name: string): string | null {
  if (isGatewayHeader(name)) return 'is a header that the gateway or HTTP sets itself; choose another';
  if (!isCredentialHeader(name)) return null;
  return 'names a credential; one for the upstream goes into authHeader and authSecret, and one of a client is never passed on';
}

const headerValue = () =>
  z
    .string('must be text')
    .refine((value) => Buffer.byteLength(value) <= maxValueBytes, `must have at most ${maxValueBytes} bytes`)
    .refine(
      (value) => headerText.test(value) && value === value.trim(),
      'must not hold line breaks, control characters, characters beyond Latin-1, or white space at its ends',
    );

/** Refuses the second of two entries for one header of the upstream. */
function refuseTwins<T>(entries: readonly T[], nameOf: (entry: T) => string, field: string, context: z.RefinementCtx) {
  const seen = new Set<string>();
  for (const [at, entry] of entries.entries()) {
    const name = nameOf(entry);
    if (seen.has(name)) context.addIssue({ code: 'custom', path: [at, field], message: `sets ${name} a second time` });
    seen.add(name);
  }
}

/** Headers that every request to an upstream carries. */
export const headers = () =>
  listOf(z.object({ name: headerName(), value: headerValue() }), mostHeaders).superRefine((entries, context) =>
    refuseTwins(entries, ({ name }) => name, 'name', context),
  );

/** Headers of the client that an upstream gets, under the same name or another one. */
export const forwardedHeaders = () =>
  listOf(
    z
      .object({ from: headerName(), to: headerName().nullish() })
      .transform(({ from, to }) => ({ from, to: to ?? from })),
    mostHeaders,
  ).superRefine((entries, context) => refuseTwins(entries, ({ to }) => to, 'to', context));
