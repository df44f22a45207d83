import { GraphQLError, GraphQLScalarType, valueFromASTUntyped } from 'graphql';

// RFC 3339 with a zone: a local time would mean another instant on every machine.
const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/i;

function parseInstant(value: unknown): Date {
  const date = typeof value === 'string' && instant.test(value) ? new Date(value) : null;
  if (date === null || Number.isNaN(date.getTime())) {
    throw new GraphQLError('A DateTime looks like 2026-11-22T08:30:00Z (RFC 3339).');
  }
  return date;
}

/** A point in time: RFC 3339 with milliseconds, in UTC on the way out. */
export const DateTime = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  description: 'A point in time, RFC 3339, for example 2026-11-22T08:30:00.000Z.',
  serialize: (value) => {
    if (!(value instanceof Date)) throw new GraphQLError('DateTime expects a date.');
    return value.toISOString();
  },
  parseValue: parseInstant,
  parseLiteral: (node) => parseInstant(valueFromASTUntyped(node)),
});

/** Any JSON value, for what upstreams define and we hand on unchanged. */
export const Json = new GraphQLScalarType<unknown, unknown>({
  name: 'JSON',
  description: 'Any JSON value.',
  serialize: (value) => value,
  parseValue: (value) => value,
  parseLiteral: (node, variables) => valueFromASTUntyped(node, variables),
});
