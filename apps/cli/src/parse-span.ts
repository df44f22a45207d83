import { InvalidArgumentError } from 'commander';

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds in a span such as `90s`, `12h` or `30d`, as an option of commander. */
export function parseSpan(text: string): number {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  const unit = units[match?.[2] ?? ''];
  if (!match || !unit || Number(match[1]) === 0)
    throw new InvalidArgumentError('It must be a span such as 12h or 30d.');
  return Number(match[1]) * unit;
}
