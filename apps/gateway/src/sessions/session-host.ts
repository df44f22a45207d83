import type { Clock } from '#kernel';
import type { ReplayMemory } from './replay-memory.js';
import type { ReplayBounds } from './replay.js';
import type { SharedValues } from './shared-values.js';

/** Keeps events for a while. */
export interface EventKeeper {
  /** Forgets what is too old at a time. @returns whether anything is left */
  forget(now: number): boolean;
}

/** What every session of a process uses. */
export interface SessionHost {
  readonly clock: Clock;
  readonly shared: SharedValues;
  readonly replayBounds: ReplayBounds;
  readonly replayMemory: ReplayMemory;
  readonly replayAgeMs: number;
  /** Bytes that may wait for a reader whom nobody waits for. */
  readonly maxBacklog: number;
  /** Hears that a session keeps events, which are to be forgotten in time. */
  keeps(keeper: EventKeeper): void;
}
