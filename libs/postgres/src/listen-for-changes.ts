import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { connectionOptions, type ConnectionSettings } from './connection-options.js';
import { toDomainError } from './to-domain-error.js';

/** What to listen to and whom to tell. */
export interface ListenSettings {
  readonly connection: ConnectionSettings;
  /** A lower-case identifier. */
  readonly channel: string;
  readonly onNotify: (payload: string) => void;
  /**
   * `up` after each (re)connection: notifications may have been missed, so read again what they announce.
   * `down` once per outage, with its cause.
   */
  readonly onState: (state: 'up' | 'down', cause?: unknown) => void;
  /** Longest pause between two attempts to connect, in milliseconds. Default 5000. */
  readonly maxBackoff?: number;
  /** How often the connection is proved alive, in milliseconds; half of it is the time to answer. Default 10000. */
  readonly heartbeat?: number;
}

/** A running LISTEN. */
export interface ChangeListener {
  /** Ends the connection; no callback is called afterwards. Safe to call twice. */
  close(): Promise<void>;
}

const firstBackoff = 100;

/** Doubling pauses with jitter, so that many processes do not come back in one instant. */
const backoff = (attempt: number, max: number): number =>
  Math.min(max, firstBackoff * 2 ** Math.min(attempt, 16)) * (0.5 + Math.random() / 2);

/** Resolves or rejects when the connection is gone; a silent network is noticed by the heartbeat. */
async function untilLost(client: Client, ended: Promise<void>, heartbeat: number, signal: AbortSignal): Promise<void> {
  const link = { live: true };
  const gone = ended.then(() => (link.live = false));
  while (link.live && !signal.aborted) {
    const timer = new AbortController();
    const pause = delay(heartbeat, undefined, { signal: AbortSignal.any([signal, timer.signal]) });
    await Promise.race([pause.catch(() => undefined), gone]);
    timer.abort();
    if (link.live && !signal.aborted) await client.query('SELECT 1');
  }
}

/**
 * Holds one dedicated connection in LISTEN and brings it back after every loss, for as long as it is not closed.
 * Never throws for a database that is away; CONFIGURATION_INVALID for a URL that cannot be honoured.
 */
export function listenForChanges(settings: ListenSettings): ChangeListener {
  const { channel, onNotify, onState } = settings;
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(channel)) throw new TypeError(`Not a channel name: ${channel}`);
  const options = connectionOptions(settings.connection);
  const heartbeat = settings.heartbeat ?? 10_000;
  const stop = new AbortController();
  const { signal } = stop;
  let state: 'up' | 'down' | undefined;
  let attempt = 0;

  const report = (next: 'up' | 'down', cause?: unknown): void => {
    if (signal.aborted || (next === 'down' && state === 'down')) return;
    state = next;
    onState(next, cause);
  };

  const listenOnce = async (): Promise<void> => {
    const client = new options.Client({ ...options, query_timeout: Math.max(1_000, heartbeat / 2) });
    const close = (): void => void client.end().catch(() => undefined);
    let failure: unknown;
    client.on('error', (error) => (failure ??= error));
    const ended = new Promise<void>((resolve) => void client.once('end', resolve));
    client.on('notification', (message) => {
      if (!signal.aborted) onNotify(message.payload ?? '');
    });
    signal.addEventListener('abort', close, { once: true });
    try {
      // Ended while it connects, the driver's `connect` never settles.
      await Promise.race([client.connect(), ended]);
      if (signal.aborted) return;
      await client.query(`LISTEN ${channel}`);
      attempt = 0;
      report('up');
      await untilLost(client, ended, heartbeat, signal);
      if (failure !== undefined) throw failure;
    } finally {
      signal.removeEventListener('abort', close);
      close();
    }
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await listenOnce();
        report('down');
      } catch (error) {
        report('down', toDomainError(error));
      }
      await delay(backoff(attempt++, settings.maxBackoff ?? 5_000), undefined, { signal }).catch(() => undefined);
    }
  };

  const running = run();
  return {
    close: () => {
      stop.abort();
      return running;
    },
  };
}
