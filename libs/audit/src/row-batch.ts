import type { ChainHead, ChainName } from './chain.js';
import type { EncodedRecord } from './encode-record.js';

const usualSize = 256 * 1024;
/** UTF-8 needs at most so many bytes for one unit of a JavaScript string. */
const mostBytesPerUnit = 3;
const separator = ',\n';

/**
 * Rows that are stored together. They lie as bytes in one block, as the JSON array that the statement takes: thousands
 * of texts that wait a fifth of a second each would cost the garbage collector more than all the rest of a record.
 */
export class RowBatch {
  /** The last record of each chain. */
  readonly heads = new Map<string, ChainHead & ChainName>();
  #bytes: Buffer;
  #used = 1;
  /** Where each row ends; the next one begins behind a separator. */
  readonly #ends: number[] = [];

  constructor(leastUnits = 0) {
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(usualSize, leastUnits * mostBytesPerUnit + 16));
    this.#bytes[0] = 0x5b;
  }

  /** True for a batch whose block is of the usual size: worth keeping for the next rows. */
  get isUsual(): boolean {
    return this.#bytes.length === usualSize;
  }

  /** Forgets the rows, for the block to be filled again: blocks that come and go make the garbage collector look at everything. */
  clear(): void {
    this.heads.clear();
    this.#used = 1;
    this.#ends.length = 0;
  }

  get count(): number {
    return this.#ends.length;
  }

  /** True when a row of so many UTF-16 units fits in any case. */
  hasRoomFor(units: number): boolean {
    return this.#used + units * mostBytesPerUnit + 4 <= this.#bytes.length;
  }

  /** Adds a row; ask `hasRoomFor` first. */
  add(record: EncodedRecord): void {
    if (this.#ends.length > 0) this.#used += this.#bytes.write(separator, this.#used, 'latin1');
    this.#used += this.#bytes.write(record.row, this.#used, 'utf8');
    this.#ends.push(this.#used);
    this.heads.set(record.organizationId, record);
  }

  /** All rows as a JSON array. The block may be written on afterwards, but not while somebody still reads this. */
  toJson(): Buffer {
    this.#bytes[this.#used] = 0x5d;
    return this.#bytes.subarray(0, this.#used + 1);
  }

  /** The rows one by one, with how many bytes each has. */
  rows(): string[] {
    // JSON texts hold no raw line break, so this one is always the separator's.
    return this.count === 0 ? [] : this.#bytes.toString('utf8', 1, this.#used).split(separator);
  }

  /** The same without the first `count` rows; heads stay, since the rest ends where the whole ended. */
  without(count: number): RowBatch {
    const start = (this.#ends[count - 1] ?? -1) + separator.length;
    const rest = new RowBatch();
    rest.#bytes = Buffer.concat([Buffer.from('['), this.#bytes.subarray(start, this.#used), Buffer.alloc(8)]);
    rest.#used = this.#used - start + 1;
    for (const end of this.#ends.slice(count)) rest.#ends.push(end - start + 1);
    for (const [organizationId, head] of this.heads) rest.heads.set(organizationId, head);
    return rest;
  }
}
