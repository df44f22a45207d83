import { appendFileSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '#config';
import type { AuditEventDraft } from '#contracts';
import type { Keyring } from '#crypto';
import { newRequestId } from '#kernel';
import type { DatabasePool, SqlExecutor } from '#postgres';
import { adoptSpools, claimSpool, releaseSpool, spoolFolder } from './adopt-spools.js';
import { toAuditRecord, type AuditRecord } from './audit-record.js';
import { AuditSpool } from './audit-spool.js';
import type { ChainHead } from './chain.js';
import { encodeAfter } from './encode-record.js';
import { storeRecords, storeRows } from './event-rows.js';
import { RowBatch } from './row-batch.js';

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

/** Records that are chained in one go. */
const freshSize = 64;
/** Records of one insert statement. */
const batchSize = 500;
/** Blocks that are kept for the next rows. */
const mostSpares = 8;
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
  readonly #chain: { readonly writer: string; readonly epoch: string };
  /** The last record of each organization's chain. */
  readonly #heads = new Map<string, ChainHead>();
  readonly #folder: string;
  readonly #spool: AuditSpool;
  #adopted: AuditSpool[] = [];
  /** Chained and not stored anywhere but here. What is dropped never got a place in the chain, so it leaves no gap. */
  #batches: RowBatch[] = [];
  readonly #spares: RowBatch[] = [];
  /** Not chained yet. Some dozens in one go cost a third of what they cost one by one, between calls. */
  #fresh: AuditRecord[] = [];
  #inMemory = 0;
  #writing: Promise<void> | null = null;
  /** The batch that a statement holds. */
  #inFlight: RowBatch | null = null;
  #progressAt = 0;
  #away = false;
  #spoolBroken = false;
  #retryAt = 0;
  #retryDelay = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(private readonly options: BufferedAuditWriterOptions) {
    this.#chain = { writer: options.writer, epoch: newRequestId() };
    this.#folder = spoolFolder(options.config.server.dataDir);
    this.#spool = new AuditSpool(claimSpool(this.#folder, options.writer, this.#chain.epoch), options.keyring);
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
    const { bufferMax } = this.options.config.audit;
    if (this.#inMemory >= bufferMax) this.#spill();
    if (this.#inMemory >= bufferMax) {
      this.options.observer?.dropped?.(1);
      return;
    }
    this.#fresh.push(record);
    this.#inMemory += 1;
    if (this.#fresh.length >= freshSize) this.#encode();
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

  /** Gives what is fresh its place in the chain. */
  #encode(): void {
    for (const record of this.#fresh) {
      const encoded = encodeAfter(this.options.keyring, this.#chain, this.#heads.get(record.organizationId), record);
      this.#heads.set(record.organizationId, encoded);
      this.#batchFor(encoded.row.length).add(encoded);
    }
    this.#fresh = [];
  }

  /** The batch that takes the next row; one that is being written takes no more. */
  #batchFor(units: number): RowBatch {
    const last = this.#batches.at(-1);
    if (last !== undefined && last !== this.#inFlight && last.count < batchSize && last.hasRoomFor(units)) return last;
    const spare = this.#spares.at(-1)?.hasRoomFor(units) === true ? this.#spares.pop() : undefined;
    const fresh = spare ?? new RowBatch(units);
    this.#batches.push(fresh);
    return fresh;
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
    this.#encode();
    for (let batch = this.#batches[0]; batch; batch = this.#batches[0]) {
      this.#inFlight = batch;
      const { count } = batch;
      try {
        const { heads } = batch;
        const rows = batch.toJson();
        await this.#store(count, (sql) => storeRows(sql, rows, heads.values()));
      } finally {
        this.#inFlight = null;
      }
      // A stall may have moved the batch to the spool meanwhile; storing it from there again changes nothing.
      if (this.#batches[0] !== batch) continue;
      this.#batches.shift();
      this.#inMemory -= count;
      this.#keep(batch);
    }
  }

  /** Keeps the block of a batch that is stored, and that nobody reads any more. */
  #keep(batch: RowBatch): void {
    if (!batch.isUsual || this.#spares.length >= mostSpares) return;
    batch.clear();
    this.#spares.push(batch);
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
        const records = batch.records.slice(at, at + batchSize);
        await this.#store(records.length, (sql) => storeRecords(sql, records));
      }
      this.#reject(batch.rejected);
      spool.confirm(batch.end);
    }
  }

  async #store(count: number, write: (sql: SqlExecutor) => Promise<void>): Promise<void> {
    await this.options.pool.transaction(write);
    this.#progressAt = performance.now();
    this.options.observer?.written?.(count);
  }

  /** Moves what is in memory to the spool as far as it fits. */
  #spill(limit = this.options.config.audit.spoolMax): void {
    this.#encode();
    for (let batch = this.#batches[0]; batch; batch = this.#batches[0]) {
      let size = this.#spool.size;
      const rows = batch.rows();
      const cut = rows.findIndex((row) => {
        size += Buffer.byteLength(row) + 1;
        return size > limit;
      });
      const moved = cut < 0 ? rows : rows.slice(0, cut);
      if (moved.length === 0 || !this.#append(moved)) return;
      if (cut < 0) this.#batches.shift();
      else this.#batches[0] = batch.without(cut);
      this.#inMemory -= moved.length;
      this.options.observer?.spooled?.(moved.length);
    }
  }

  #append(rows: readonly string[]): boolean {
    try {
      this.#spool.append(rows);
      this.#spoolBroken = false;
      return true;
    } catch (error) {
      this.#spoolBroken = true;
      this.#storeAway(error);
      return false;
    }
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
