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

const unitsOfTime = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

function parseDuration(value: unknown): number {
  const match = typeof value === 'string' ? /^(\d{1,12})(ms|s|m|h|d)$/.exec(value) : null;
  const ms = match ? Number(match[1]) * unitsOfTime[match[2] as keyof typeof unitsOfTime] : NaN;
  if (!Number.isSafeInteger(ms)) throw new GraphQLError('A Duration looks like 500ms, 30s, 5m, 12h or 7d.');
  return ms;
}

/** A length of time, as settings spell it: milliseconds inside, on the way out in the largest unit that divides it. */
export const Duration = new GraphQLScalarType<number, string>({
  name: 'Duration',
  description: 'A length of time: a whole number with a unit (ms, s, m, h, d), for example 30s.',
  serialize: (value) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new GraphQLError('Duration expects a number.');
    const [unit, ms] = Object.entries(unitsOfTime).find(([, length]) => value % length === 0 && value !== 0) ?? [
      'ms',
      1,
    ];
    return `${value / ms}${unit}`;
  },
  parseValue: parseDuration,
  parseLiteral: (node) => parseDuration(valueFromASTUntyped(node)),
});
