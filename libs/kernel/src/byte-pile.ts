/** Pieces from here on are kept as they are; the memory that such a piece may pin is a small multiple of it. */
const LARGE = 16 * 1024;
const FIRST_BLOCK = 1024;
const LARGEST_BLOCK = 64 * 1024;

const nothing = Buffer.alloc(0);

/**
 * Bytes that come in pieces and are wanted as a whole later. Whoever sends them chooses how they are cut: millions of
 * pieces of one byte, each a buffer, would take a hundred times the memory that a limit of bytes allows. Small pieces are
 * therefore copied together.
 */
export class BytePile {
  /** The only piece, as it came: the usual case costs no copy. */
  #only: Buffer | null = null;
  #blocks: Buffer[] = [];
  /** The block that small pieces are copied to, and how much of it is in use. */
  #block: Buffer = nothing;
  #used = 0;
  #length = 0;

  /** Bytes on the pile. */
  get length(): number {
    return this.#length;
  }

  push(piece: Buffer): void {
    if (piece.length === 0) return;
    if (this.#length === 0) this.#only = piece;
    else {
      if (this.#only !== null) this.#add(this.#only);
      this.#only = null;
      this.#add(piece);
    }
    this.#length += piece.length;
  }

  /** Everything in one piece; the pile is empty then. */
  take(): Buffer {
    const only = this.#only;
    if (only === null) this.#seal();
    const [first = nothing] = this.#blocks;
    const whole = only ?? (this.#blocks.length <= 1 ? first : Buffer.concat(this.#blocks, this.#length));
    this.clear();
    return whole;
  }

  clear(): void {
    this.#only = null;
    this.#blocks = [];
    this.#block = nothing;
    this.#used = 0;
    this.#length = 0;
  }

  #add(piece: Buffer): void {
    if (piece.length >= LARGE) {
      this.#seal();
      this.#blocks.push(piece);
      return;
    }
    if (this.#block.length - this.#used < piece.length) {
      this.#seal();
      const size = Math.max(FIRST_BLOCK, piece.length, Math.min(LARGEST_BLOCK, this.#length));
      this.#block = Buffer.allocUnsafeSlow(size);
    }
    this.#used += piece.copy(this.#block, this.#used);
  }

  /** What is in the block is as it will be; what is left of the block takes more. */
  #seal(): void {
    if (this.#used === 0) return;
    this.#blocks.push(this.#block.subarray(0, this.#used));
    this.#block = this.#block.subarray(this.#used);
    this.#used = 0;
  }
}
