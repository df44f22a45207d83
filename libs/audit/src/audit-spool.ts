import {
  closeSync,
  fdatasync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import type { Keyring } from '#crypto';
import type { ChainedRecord } from './audit-record.js';
import { isAuthentic } from './chain.js';

/** What one read of a spool found. */
export interface SpoolBatch {
  readonly records: readonly ChainedRecord[];
  /** Lines that are no record of this instance: cut off by a crash, or changed by someone. */
  readonly rejected: readonly string[];
  /** Where the next read starts. */
  readonly end: number;
}

const readSize = 1024 * 1024;
const newline = 0x0a;

/**
 * A file of chained records, one JSON line each, that takes over while the database is away; mode 0600.
 * Every call is short and synchronous, so a reader and a writer in one process never see half a line of each other.
 * What is appended survives the death of the process at once, and a power failure as soon as the background sync ran.
 */
export class AuditSpool {
  #offset = 0;
  /** Tells our file from one that was begun after someone took ours away. */
  #inode = 0;
  #syncing = false;

  constructor(
    readonly file: string,
    private readonly keyring: Keyring,
  ) {}

  /** Bytes in the file; a file that is not there holds none. */
  get size(): number {
    return this.#stat().size;
  }

  /** Appends rows (JSON of a `ChainedRecord` each), all or none; throws what the file system says. */
  append(rows: readonly string[]): void {
    const bytes = Buffer.from(rows.map((row) => `${row}\n`).join(''), 'utf8');
    mkdirSync(path.dirname(this.file), { recursive: true, mode: 0o700 });
    const fd = openSync(this.file, 'a', 0o600);
    let syncing = false;
    try {
      const before = fstatSync(fd).size;
      try {
        for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
      } catch (error) {
        ftruncateSync(fd, before);
        throw error;
      }
      syncing = this.#syncLater(fd);
    } finally {
      if (!syncing) closeSync(fd);
    }
  }

  /** The next records that no one confirmed yet, about a mebibyte of them; null when there are none. */
  read(): SpoolBatch | null {
    const { size, ino } = this.#stat();
    if (ino !== this.#inode) this.#offset = 0;
    this.#inode = ino;
    if (size === this.#offset) return null;
    const fd = openSync(this.file, 'r');
    try {
      for (let length = readSize; ; length *= 2) {
        const bytes = Buffer.alloc(Math.min(length, size - this.#offset));
        const got = readSync(fd, bytes, 0, bytes.length, this.#offset);
        const atEnd = this.#offset + got >= size;
        const cut = bytes.lastIndexOf(newline, got - 1) + 1;
        if (cut === 0 && !atEnd && got > 0) continue;
        // At the end of the file, what follows the last line break is a line that a crash cut off.
        const used = atEnd ? got : cut;
        return { ...this.#parse(bytes.toString('utf8', 0, used)), end: this.#offset + used };
      }
    } finally {
      closeSync(fd);
    }
  }

  /** Says that everything before `end` is in the database. The file is emptied once that is all of it. */
  confirm(end: number): void {
    const { size, ino } = this.#stat();
    if (ino !== this.#inode) return;
    this.#offset = end;
    if (size > end) return;
    truncateSync(this.file, 0);
    this.#offset = 0;
  }

  /** Removes the file if it is empty. */
  removeIfEmpty(): void {
    const { size, ino } = this.#stat();
    if (ino !== 0 && size === 0) rmSync(this.file, { force: true });
  }

  #stat(): { size: number; ino: number } {
    try {
      return statSync(this.file, { throwIfNoEntry: false }) ?? { size: 0, ino: 0 };
    } catch {
      // A folder that cannot be looked into: reading and appending will say so.
      return { size: 0, ino: 0 };
    }
  }

  #parse(text: string): Pick<SpoolBatch, 'records' | 'rejected'> {
    const records: ChainedRecord[] = [];
    const rejected: string[] = [];
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const record = parseRecord(line);
      if (record && isAuthentic(this.keyring, record)) records.push(record);
      else rejected.push(line);
    }
    return { records, rejected };
  }

  /** Starts at most one sync at a time, off the main thread; it closes `fd` and covers whatever was appended before it. */
  #syncLater(fd: number): boolean {
    if (this.#syncing) return false;
    this.#syncing = true;
    fdatasync(fd, () => {
      this.#syncing = false;
      closeSync(fd);
    });
    return true;
  }
}

function parseRecord(line: string): ChainedRecord | null {
  try {
    const value: unknown = JSON.parse(line);
    // Only records that carry our HMAC are used, so their shape needs no second proof.
    return typeof value === 'object' && value !== null ? (value as ChainedRecord) : null;
  } catch {
    return null;
  }
}
