import { InvalidArgumentError } from 'commander';

/** The instant in a date (`2027-01-31`) or an RFC 3339 time, as an option of commander. */
export function parseInstant(text: string): Date {
  const instant = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text)
    ? new Date(text)
    : null;
  if (!instant || Number.isNaN(instant.getTime()))
    throw new InvalidArgumentError('It must be a date such as 2027-01-31 or 2027-01-31T12:00:00Z.');
  return instant;
}
