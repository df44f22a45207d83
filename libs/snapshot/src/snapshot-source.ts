import type { Clock } from '#kernel';
import type { ConnectionSettings, DatabasePool } from '#postgres';
import type { CatalogSnapshot } from './catalog-snapshot.js';

/** Where the newest snapshot is found. */
export interface SnapshotSource {
  current(): CatalogSnapshot;
  /** Hears of every swap, after it. @returns a function that ends it */
  onChange(listener: ChangeListener): () => void;
  /** False once closed; a source exists from its first load on. */
  ready(): boolean;
  /** Milliseconds since the database last confirmed that `current()` is the newest revision. */
  staleFor(): number;
  /** Ends the LISTEN connection and the sweep; the pool stays open. Safe to call twice. */
  close(): Promise<void>;
}

/** See {@link SnapshotSource.onChange}. */
export type ChangeListener = (next: CatalogSnapshot, previous: CatalogSnapshot) => void;

/** The part of a logger that is needed; pino's has this shape. */
export interface SnapshotLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** What a source works with. */
export interface SnapshotSourceOptions {
  /** In the system role; two connections are enough. */
  readonly pool: DatabasePool;
  /** For the LISTEN connection, in any role. */
  readonly listen: ConnectionSettings;
  /** How often to ask for new revisions when no notification came, in milliseconds. */
  readonly sweepMs: number;
  readonly log: SnapshotLog;
  readonly clock: Clock;
  /** SHA-256 of a text as 64 hexadecimal digits. */
  readonly hash: (text: string) => string;
}
