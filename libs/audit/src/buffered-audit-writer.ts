import { appendFileSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '#config';
import type { AuditEventDraft } from '#contracts';
import type { Keyring } from '#crypto';
import { newRequestId } from '#kernel';
import type { DatabasePool } from '#postgres';
import { adoptSpools, claimSpool, releaseSpool, spoolFolder } from './adopt-spools.js';
import { toAuditRecord, type AuditRecord, type ChainedRecord } from './audit-record.js';
import { AuditSpool } from './audit-spool.js';
import { emptyChain, link, type ChainHead } from './chain.js';
import { storeRecords } from './event-rows.js';

/** Hears of what the writer does; for metrics and the log. No callback may throw. */
export interface AuditWriterObserver {
  /** Records that reached the database; after a lost confirmation some are reported again. */
  written?(count: number): void;
  /** Records that went to the spool file. */
  spooled?(count: number): void;
  /** Records that are lost: memory and spool are full. */
  dropped?(count: number): void;
  /** Lines of a spool that are no record of this instance; kept in `rejected.txt` beside it. */
  rejected?(count: number): void;
  /** The database was lost (with the reason) or is back; called at changes only. */
  storeAvailable?(available: boolean, error?: unknown): void;
}

/** What a {@link BufferedAuditWriter} needs. */
export interface BufferedAuditWriterOptions {
  /** Connections as `gatehouse_system`. */
  readonly pool: Pick<DatabasePool, 'transaction'>;
  readonly keyring: Keyring;
  readonly config: Pick<Config, 'audit' | 'server'>;
  /** The name of the chains' writer, for example `gateway`. */
  readonly writer: string;
  readonly observer?: AuditWriterObserver;
}

/** Records of one insert statement. */
const batchSize = 500;
/** A write without progress for so long counts as failed; its records go to the spool, too. */
const stallAfterMs = 1000;
const slowestRetryMs = 2000;
/** How long `flush` waits for a database that is slow, but moves. */
const longestFlushMs = 5000;

/**
 * Audit for the data plane: `record` costs no waiting, the database gets everything in batches.
 * Records wait in memory for one flush interval, in the spool file while the database is away, and are refused only when
 * that is full as well (see `canAccept`). Every record has its id and its place in the chain before it is first written,
 * so repeating a write adds nothing twice.
 */
export class BufferedAuditWriter {
  readonly #epoch = newRequestId();
  readonly #heads = new Map<string, ChainHead>();
  readonly #folder: string;
  readonly #spool: AuditSpool;
  #adopted: AuditSpool[] = [];
  /** Not chained yet; dropping one of these leaves no gap. */
  #buffer: AuditRecord[] = [];
  /** Chained and not stored anywhere but here. They come before the buffer. */
  #pending: ChainedRecord[] = [];
  #writing: Promise<void> | null = null;
  #progressAt = 0;
  #away = false;
  #spoolBroken = false;
  #retryAt = 0;
  #retryDelay = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(private readonly options: BufferedAuditWriterOptions) {
    this.#folder = spoolFolder(options.config.server.dataDir);
    this.#spool = new AuditSpool(claimSpool(this.#folder, options.writer, this.#epoch), options.keyring);
  }

  /** Takes over the spools of dead processes and begins to flush. */
  start(): void {
    this.#adopted = adoptSpools(this.#folder).map((file) => new AuditSpool(file, this.options.keyring));
    this.#timer = setInterval(() => this.#tick(), this.options.config.audit.flushInterval);
    this.#timer.unref();
    this.#tick();
  }

  /** Takes one event; never waits, never fails for want of room (what does not fit is dropped and counted). */
  record(draft: AuditEventDraft): void {
    const record = toAuditRecord(draft);
    if (this.#inMemory >= this.options.config.audit.bufferMax) this.#spill();
    if (this.#inMemory >= this.options.config.audit.bufferMax) {
      this.options.observer?.dropped?.(1);
      return;
    }
    this.#buffer.push(record);
    if (this.#closed) this.#spill();
  }

  /**
   * False when a call must be refused because its record might be lost: the spool is nine tenths full, or it is needed
   * and cannot be written. The last tenth is for the calls under way. Always true under `drop-and-count`.
   */
  canAccept(): boolean {
    const { bufferMax, onStoreDown, spoolMax } = this.options.config.audit;
    if (onStoreDown === 'drop-and-count') return true;
    if (!this.#away) return this.#inMemory < bufferMax;
    return !this.#spoolBroken && this.#spool.size < spoolMax * 0.9 && this.#inMemory < bufferMax;
  }

  /** How full memory and spool are, for gauges. */
  stats(): { readonly buffered: number; readonly spoolBytes: number; readonly storeAway: boolean } {
    return { buffered: this.#inMemory, spoolBytes: this.#spool.size, storeAway: this.#away };
  }

  /** Resolves when every event recorded so far is in the database or, if that does not answer, in the spool. */
  async flush(): Promise<void> {
    await this.#settled();
    this.#retryAt = 0;
    this.#tick();
    await this.#settled();
    if (this.#inMemory > 0) this.#spill();
  }

  /** Stops the timer and flushes; at the end the bound of the spool gives way, so that nothing is lost. Safe twice. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#closed) return;
    await this.flush();
    this.#closed = true;
    this.#spill(Infinity);
    if (this.#inMemory > 0) this.options.observer?.dropped?.(this.#inMemory);
    // What is left in the files is adopted by the next process that starts.
    for (const spool of [this.#spool, ...this.#adopted]) {
      spool.removeIfEmpty();
      releaseSpool(spool.file);
    }
  }

  get #inMemory(): number {
    return this.#pending.length + this.#buffer.length;
  }

  /** One beat: write what waits, or put it aside when the database does not take it. */
  #tick(): void {
    const now = performance.now();
    if (this.#writing) {
      if (now - this.#progressAt < stallAfterMs) return;
      this.#storeAway(new Error('The database does not answer.'));
      this.#spill();
      return;
    }
    // What lies in the spool comes first, so whatever is new queues up behind it.
    if (this.#away || this.#hasSpooled) this.#spill();
    if (now < this.#retryAt) return;
    if (this.#hasSpooled) this.#begin(() => this.#drain());
    else if (this.#inMemory > 0) this.#begin(() => this.#writeMemory());
    else if (this.#away)
      this.#begin(async () => void (await this.options.pool.transaction((sql) => sql.query('select 1'))));
  }

  get #hasSpooled(): boolean {
    return this.#adopted.length > 0 || this.#spool.size > 0;
  }

  #begin(work: () => Promise<void>): void {
    this.#progressAt = performance.now();
    this.#writing = work()
      .then(
        () => this.#storeBack(),
        (error: unknown) => this.#writeFailed(error),
      )
      .finally(() => (this.#writing = null));
  }

  async #writeMemory(): Promise<void> {
    while (this.#inMemory > 0) {
      if (this.#pending.length === 0) {
        this.#pending = this.#buffer.splice(0, batchSize).map((record) => this.#chain(record));
      }
      const batch = this.#pending.slice(0, batchSize);
      await this.#store(batch);
      // A stall may have moved the batch to the spool meanwhile; storing it from there again changes nothing.
      if (this.#pending[0] === batch[0]) this.#pending.splice(0, batch.length);
    }
  }

  async #drain(): Promise<void> {
    for (let spool = this.#adopted[0]; spool; spool = this.#adopted[0]) {
      await this.#drainFile(spool);
      spool.removeIfEmpty();
      releaseSpool(spool.file);
      this.#adopted.shift();
    }
    await this.#drainFile(this.#spool);
  }

  async #drainFile(spool: AuditSpool): Promise<void> {
    for (let batch = spool.read(); batch; batch = spool.read()) {
      for (let at = 0; at < batch.records.length; at += batchSize) {
        await this.#store(batch.records.slice(at, at + batchSize));
      }
      this.#reject(batch.rejected);
      spool.confirm(batch.end);
    }
  }

  async #store(records: readonly ChainedRecord[]): Promise<void> {
    await this.options.pool.transaction((sql) => storeRecords(sql, records));
    this.#progressAt = performance.now();
    this.options.observer?.written?.(records.length);
  }

  /** Moves what is in memory to the spool as far as it fits. */
  #spill(limit = this.options.config.audit.spoolMax): void {
    let size = this.#spool.size;
    const fits = (record: ChainedRecord): boolean => {
      size += Buffer.byteLength(JSON.stringify(record)) + 1;
      return size <= limit;
    };
    const cut = this.#pending.findIndex((record) => !fits(record));
    const chained = this.#pending.slice(0, cut < 0 ? undefined : cut);
    const heads = new Map<string, ChainHead>();
    let taken = 0;
    for (const record of cut < 0 ? this.#buffer : []) {
      const next = this.#linkAfter(heads.get(record.organizationId), record);
      if (!fits(next)) break;
      chained.push(next);
      heads.set(record.organizationId, next);
      taken += 1;
    }
    if (chained.length === 0) return;
    try {
      this.#spool.append(chained);
    } catch (error) {
      this.#spoolBroken = true;
      this.#storeAway(error);
      return;
    }
    this.#spoolBroken = false;
    this.#pending.splice(0, chained.length - taken);
    this.#buffer.splice(0, taken);
    for (const [organizationId, head] of heads) this.#heads.set(organizationId, head);
    this.options.observer?.spooled?.(chained.length);
  }

  #linkAfter(head: ChainHead | undefined, record: AuditRecord): ChainedRecord {
    const previous = head ?? this.#heads.get(record.organizationId) ?? emptyChain;
    return link(this.options.keyring, { writer: this.options.writer, epoch: this.#epoch }, previous, record);
  }

  #chain(record: AuditRecord): ChainedRecord {
    const chained = this.#linkAfter(undefined, record);
    this.#heads.set(record.organizationId, { sequence: chained.sequence, hash: chained.hash });
    return chained;
  }

  #reject(lines: readonly string[]): void {
    if (lines.length === 0) return;
    this.options.observer?.rejected?.(lines.length);
    try {
      appendFileSync(path.join(this.#folder, 'rejected.txt'), `${lines.join('\n')}\n`, { mode: 0o600 });
    } catch {
      // Keeping them is a courtesy; they are counted, and they must not hold up what is sound.
    }
  }

  #writeFailed(error: unknown): void {
    this.#retryDelay = Math.min(
      slowestRetryMs,
      Math.max(this.options.config.audit.flushInterval, this.#retryDelay * 2),
    );
    this.#retryAt = performance.now() + this.#retryDelay;
    this.#storeAway(error);
    this.#spill();
  }

  #storeAway(error: unknown): void {
    if (!this.#away) this.options.observer?.storeAvailable?.(false, error);
    this.#away = true;
  }

  #storeBack(): void {
    if (this.#away) this.options.observer?.storeAvailable?.(true);
    this.#away = false;
    this.#retryAt = 0;
    this.#retryDelay = 0;
  }

  /** Waits for the write under way, but not for a database that has stopped answering. */
  async #settled(): Promise<void> {
    const startedAt = performance.now();
    while (this.#writing) {
      const now = performance.now();
      if (now - this.#progressAt > stallAfterMs || now - startedAt > longestFlushMs) return;
      let timer: NodeJS.Timeout | undefined;
      const pause = new Promise<void>((resolve) => (timer = setTimeout(resolve, 100)));
      await Promise.race([this.#writing, pause]);
      clearTimeout(timer);
    }
  }
}
