/** A set of figures by its middle and its middle half. */
export interface Spread {
  readonly median: number;
  readonly q1: number;
  readonly q3: number;
  readonly count: number;
}

function at(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const low = sorted[Math.floor(place)] ?? Number.NaN;
  const high = sorted[Math.ceil(place)] ?? Number.NaN;
  return low + (high - low) * (place - Math.floor(place));
}

/** Median and quartiles, interpolated. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  return { median: at(sorted, 0.5), q1: at(sorted, 0.25), q3: at(sorted, 0.75), count: sorted.length };
}

/** The median alone. */
export const median = (values: readonly number[]): number => spreadOf(values).median;
