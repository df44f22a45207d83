import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { DomainError, errorCodes, type ErrorCode } from '#kernel';
import type { Logger } from '#observability';

const internalMessage = 'Something went wrong on our side. Report it with the correlation id.';

/** Apollo's own codes for documents and requests that it refuses. */
const apolloCodes: Readonly<Record<string, ErrorCode>> = {
  GRAPHQL_PARSE_FAILED: 'BAD_USER_INPUT',
  GRAPHQL_VALIDATION_FAILED: 'BAD_USER_INPUT',
  BAD_USER_INPUT: 'BAD_USER_INPUT',
  BAD_REQUEST: 'MALFORMED_REQUEST',
  OPERATION_RESOLUTION_FAILURE: 'MALFORMED_REQUEST',
  PERSISTED_QUERY_NOT_FOUND: 'MALFORMED_REQUEST',
  PERSISTED_QUERY_NOT_SUPPORTED: 'MALFORMED_REQUEST',
};

/** graphql-js has no code for a document of too many fields that may overlap. */
const validationGaveUp = /^Validation aborted/;

/** What was thrown in a resolver, or before any ran. */
function originalOf(thrown: unknown): unknown {
  const original = unwrapResolverError(thrown);
  return original instanceof GraphQLError && original.originalError instanceof DomainError
    ? original.originalError
    : original;
}

/** What a failure looks like to the caller: a message and `extensions`, without stack or cause. */
export interface PublicError {
  readonly message: string;
  readonly extensions: Readonly<Record<string, unknown>>;
}

/** The public face of an error. Faults of the program show nothing of themselves; the caller of this logs them. */
export function publicError(error: unknown): PublicError {
  if (error instanceof DomainError && error.answer.http === 503) {
    // Where the database is and why it is away is the operator's business; that it is worth trying again is not.
    const message = `${errorCodes[error.code].meaning} Send the request again in a moment.`;
    return { message, extensions: extensionsFor(error.code) };
  }
  if (!(error instanceof DomainError) || error.answer.graphql === 'INTERNAL') {
    return { message: internalMessage, extensions: { code: 'INTERNAL' } };
  }
  return {
    message: error.message,
    extensions: {
      ...extensionsFor(error.code),
      ...(error.field === undefined ? {} : { field: error.field }),
      ...(Object.keys(error.details).length === 0 ? {} : { details: error.details }),
    },
  };
}

/** `code` is one of the few that clients switch on; `reason` the entry of docs/errors.md where that says more. */
const extensionsFor = (code: ErrorCode): Record<string, unknown> => {
  const { graphql } = errorCodes[code];
  return { code: graphql, ...(graphql === code ? {} : { reason: code }) };
};

/** Apollo's `formatError`: codes of the registry only, faults logged. The correlation id is added by a plugin. */
export function formatErrorWith(logger: Logger) {
  return (formatted: GraphQLFormattedError, thrown: unknown): GraphQLFormattedError => {
    const place = {
      ...(formatted.locations ? { locations: formatted.locations } : {}),
      ...(formatted.path ? { path: formatted.path } : {}),
    };
    const original = originalOf(thrown);
    const apolloCode = apolloCodes[String(formatted.extensions?.code)];
    if (!(original instanceof DomainError) && apolloCode !== undefined) {
      const code = validationGaveUp.test(formatted.message) ? 'QUERY_TOO_COMPLEX' : apolloCode;
      return { message: formatted.message, ...place, extensions: extensionsFor(code) };
    }
    const shown = publicError(original);
    if (shown.extensions.code === 'INTERNAL')
      logger.error({ err: original, path: formatted.path }, 'GraphQL field failed');
    return { ...shown, ...place };
  };
}
