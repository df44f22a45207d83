export type { LimitRefusal, LimitVerdict, RateLimits } from './rate-limits.js';
export { openRateLimits, type LimitStoreSettings, type RateLimitsOptions } from './open-rate-limits.js';
