/** The parts of the benchmark, in the order in which they run. */
export const mixNames = [
  ...(['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I'] as const),
  ...(['audit', 'processes', 'growth', 'sdk', 'peers'] as const),
] as const;

/** One part of the benchmark. */
export type MixName = (typeof mixNames)[number];
