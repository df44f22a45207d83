import { InvalidArgumentError } from 'commander';
import { usage } from './command-failure.js';

/** What {@link rateLimitOf} is made from. */
export interface RateOptions {
  readonly rate?: number;
  readonly burst?: number;
}

/** A limit of a token, as the API takes it. */
export interface RateLimitInput {
  readonly perMinute: number;
  readonly burst: number;
}

/** A number of calls, as an option of commander; how many there may be is the server's business. */
export function parseCalls(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number of calls, at least 1.');
  return Number(text);
}

/** The limit that was asked for; undefined leaves it to the server. @throws CommandFailure for a burst without a rate */
export function rateLimitOf({ rate, burst }: RateOptions): RateLimitInput | undefined {
  if (rate === undefined && burst !== undefined)
    throw usage('--burst needs --rate, the calls a minute in the long run.');
  return rate === undefined ? undefined : { perMinute: rate, burst: burst ?? rate };
}
