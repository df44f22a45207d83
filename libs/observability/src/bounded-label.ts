/** What a label says once its own values are used up. */
const otherLabel = 'other';

const maxLabelLength = 64;

/**
 * Keeps the cardinality of one metric label bounded: the first `max` distinct values pass, every later one becomes
 * `other`, as does one that is empty or longer than 64 characters. A client must not be able to grow our memory.
 */
export function boundedLabel(max: number): (value: string) => string {
  const seen = new Set<string>();
  return (value) => {
    if (seen.has(value)) return value;
    if (seen.size >= max || value.length === 0 || value.length > maxLabelLength) return otherLabel;
    seen.add(value);
    return value;
  };
}

/** A label with a fixed list of values; everything else becomes `other`. */
export function listedLabel(values: readonly string[]): (value: string) => string {
  const known = new Set(values);
  return (value) => (known.has(value) ? value : otherLabel);
}
