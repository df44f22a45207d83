/** From this length on a text is worth keeping as bytes: shorter ones are sent in one piece with what is around them. */
const LARGE = 16 * 1024;

/**
 * A text of which the greater part is sent many times. That part stands here as UTF-8 and is never copied: a copy per
 * answer costs more than everything else about it, and V8 collects garbage early for memory outside its heap.
 */
export class SharedText {
  constructor(
    readonly head: string,
    readonly shared: Buffer,
    readonly tail: string,
  ) {}

  /** As UTF-8. */
  get byteLength(): number {
    return Buffer.byteLength(this.head) + this.shared.length + Buffer.byteLength(this.tail);
  }

  /** The same with more around it. */
  within(head: string, tail: string): SharedText {
    return new SharedText(head + this.head, this.shared, this.tail + tail);
  }

  toString(): string {
    return this.head + this.shared.toString() + this.tail;
  }
}

/** A text in the form in which it is best kept to be sent again. */
export const toShare = (text: string): Buffer | string => (text.length < LARGE ? text : Buffer.from(text));

/** What was kept, with its end. */
export const withEnd = (kept: Buffer | string, end: string): SharedText | string =>
  typeof kept === 'string' ? kept + end : new SharedText('', kept, end);
