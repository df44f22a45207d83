import { BytePile } from '#kernel';

const LF = 10;
const CR = 13;

/** Splits what a child writes into lines; the bytes of each stay as they are. */
export class LineSplitter {
  private readonly pile = new BytePile();

  /** @param maxBytes of one line; one more and `push` says so. */
  constructor(private readonly maxBytes: number) {}

  /** The lines that this chunk completes, or null when one has become too long. */
  push(chunk: Buffer): Buffer[] | null {
    const lines: Buffer[] = [];
    let from = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, from)) {
      if (!this.keep(chunk.subarray(from, end))) return null;
      const line = this.pile.take();
      from = end + 1;
      if (line.length > 0) lines.push(line.at(-1) === CR ? line.subarray(0, -1) : line);
    }
    return this.keep(chunk.subarray(from)) ? lines : null;
  }

  private keep(piece: Buffer): boolean {
    this.pile.push(piece);
    return this.pile.length <= this.maxBytes;
  }
}
