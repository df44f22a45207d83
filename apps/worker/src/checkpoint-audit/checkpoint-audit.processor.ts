import { Inject, Injectable } from '@nestjs/common';
import { writeCheckpoints } from '#audit';
import type { Keyring } from '#crypto';
import type { DatabasePool } from '#postgres';
import { KEYRING, SYSTEM_POOL } from '../dependencies.js';

/** Signs the heads of all audit chains that moved since the last time (ARCHITECTURE.md §4.10). */
@Injectable()
export class CheckpointAuditProcessor {
  constructor(
    @Inject(SYSTEM_POOL) private readonly pool: DatabasePool,
    @Inject(KEYRING) private readonly keyring: Keyring,
  ) {}

  async process(): Promise<void> {
    await writeCheckpoints(this.pool, this.keyring);
  }
}
