import { DomainError } from '#kernel';

/** Limits of time of one upstream in milliseconds; null: the default of the settings. */
export interface Timeouts {
  readonly connectTimeoutMs: number | null;
  readonly headersTimeoutMs: number | null;
  readonly requestTimeoutMs: number | null;
  readonly maxRequestMs: number | null;
}

/** What an input may say about them; absent means as before, null the default again. */
export interface TimeoutsInput {
  readonly connectTimeout?: number | null | undefined;
  readonly headersTimeout?: number | null | undefined;
  readonly requestTimeout?: number | null | undefined;
  readonly maxRequestTime?: number | null | undefined;
}

/** The settings that stand behind them, in milliseconds. */
export interface TimeoutDefaults {
  readonly requestTimeout: number;
  /** Also the most that any of them may be. */
  readonly maxRequest: number;
}

/** An upstream that has the defaults. */
export const defaultTimeouts: Timeouts = {
  connectTimeoutMs: null,
  headersTimeoutMs: null,
  requestTimeoutMs: null,
  maxRequestMs: null,
};

const least = 50;

const refuse = (field: string, text: string) => new DomainError('BAD_USER_INPUT', `${field} ${text}`, { field });

/**
 * Puts an input over the stored limits.
 * @throws DomainError BAD_USER_INPUT for one out of bounds, or a call that may take longer than its maximum
 */
export function decideTimeouts(
  input: TimeoutsInput,
  settings: TimeoutDefaults,
  before: Timeouts = defaultTimeouts,
): Timeouts {
  for (const field of ['connectTimeout', 'headersTimeout', 'requestTimeout', 'maxRequestTime'] as const) {
    const ms = input[field];
    if (typeof ms !== 'number') continue;
    if (ms < least) throw refuse(field, `must be at least ${least}ms.`);
    if (ms > settings.maxRequest) {
      throw refuse(field, `must be at most ${settings.maxRequest}ms; GATEHOUSE_OUTBOUND_MAX_REQUEST sets the bound.`);
    }
  }
  const pick = (said: number | null | undefined, was: number | null) => (said === undefined ? was : said);
  const timeouts = {
    connectTimeoutMs: pick(input.connectTimeout, before.connectTimeoutMs),
    headersTimeoutMs: pick(input.headersTimeout, before.headersTimeoutMs),
    requestTimeoutMs: pick(input.requestTimeout, before.requestTimeoutMs),
    maxRequestMs: pick(input.maxRequestTime, before.maxRequestMs),
  };
  const request = timeouts.requestTimeoutMs ?? settings.requestTimeout;
  const most = timeouts.maxRequestMs ?? settings.maxRequest;
  // Settings that contradict each other are not this caller's fault.
  const isOwn = timeouts.requestTimeoutMs !== null || timeouts.maxRequestMs !== null;
  if (isOwn && request > most) {
    const [field, text] =
      typeof input.requestTimeout === 'number'
        ? ['requestTimeout', `must not be longer than maxRequestTime, which is ${most}ms.`]
        : ['maxRequestTime', `must not be shorter than requestTimeout, which is ${request}ms.`];
    throw refuse(field, text);
  }
  return timeouts;
}
