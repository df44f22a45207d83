import type { Exchange } from '../http/exchange.js';

/** The gateway processes of this installation, as far as one needs the others: some state lives in one process only. */
export interface Owners {
  /** Names this process in sealed ids. */
  readonly selfId: string;
  /**
   * Hands a request, as it came, to the process that owns its session or parked call, and pipes the answer back.
   * @param body what was read of the request already; null where nothing was
   * @param isCounted the rate limit of its token was asked here, so the owner does not ask it again
   * @returns false when that process is gone: nothing was sent to the client
   */
  forward(exchange: Exchange, ownerId: string, body: Buffer | null, isCounted?: boolean): Promise<boolean>;
}

/** What the gateway's start and stop do with them. */
export interface OwnerService extends Owners {
  /** Ends the streams that are piped from other processes, so that their clients turn to a process that stays. */
  endStreams(): void;
  /** Takes no more from other processes, once those had time to hear of it; what it has taken is still answered. */
  stopServing(): Promise<void>;
  /** Cuts what is still under way, in both directions. */
  close(): Promise<void>;
}
