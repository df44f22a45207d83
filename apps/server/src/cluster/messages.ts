import type { Config } from '#config';
import type { ErrorCode } from '#kernel';
import type { MetricsSnapshot } from '#observability';
import type { Database } from '../database/open-database.js';
import type { Listening } from '../startup/listening.js';

/** What one gateway process is told at its start; it reads no environment, so it always runs what the primary runs. */
export interface ProcessSettings {
  readonly config: Config;
  readonly database: Omit<Database, 'stop'>;
  readonly dataDir: string;
  /** From 1 on; kept by the process that takes the place of one that ended. */
  readonly processNumber: number;
}

/** From the primary to a gateway process, over their private channel. */
export type ToProcess =
  | { readonly type: 'start'; readonly settings: ProcessSettings }
  | { readonly type: 'drain' }
  | { readonly type: 'stop'; readonly deadlineMs: number }
  | { readonly type: 'metrics' };

/** From a gateway process to the primary. */
export type FromProcess =
  | { readonly type: 'ready'; readonly address: Listening }
  | {
      readonly type: 'failed';
      readonly code: ErrorCode;
      readonly message: string;
      readonly field: string | undefined;
    }
  | { readonly type: 'metrics'; readonly snapshot: MetricsSnapshot };
