/** What is wrong with JSON text that is read while it passes. */
export class JsonFault extends Error {}

/** Hears of the values that a {@link JsonScanner} comes by. Places are indexes into the chunk at hand. */
export interface JsonListener {
  /**
   * A value begins with the byte `first` at this place; `key` is its name in an object, null elsewhere, empty where it is
   * too long to mean anything. True: what is inside of this object or array is to be reported, too.
   */
  begin(first: number, key: string | null, at: number): boolean;
  /** The value that began last, and has not ended, ends before this place. */
  end(at: number): void;
}

/** Where in the text the scanner is. */
const VALUE = 0;
const FIRST_VALUE = 1;
const KEY = 2;
const FIRST_KEY = 3;
const COLON = 4;
const AFTER = 5;
const STRING = 6;
const NUMBER = 7;
const LITERAL = 8;
const OVER = 9;

/** Where in a number: after its sign, a leading zero, a digit, the point, a decimal, the `e`, its sign, a digit of it. */
const [SIGN, ZERO, DIGIT, POINT, DECIMAL, EXPONENT, EXPONENT_SIGN, EXPONENT_DIGIT] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
const wholeNumbers: ReadonlySet<number> = new Set([ZERO, DIGIT, DECIMAL, EXPONENT_DIGIT]);

/** Deeper nesting is refused: the one thing that would have to be kept of it all. */
const DEEPEST = 10_000;
/** Longer keys are none that anybody looks for, however they are escaped. */
const LONGEST_KEY = 256;
const QUOTE = 34;
const BACKSLASH = 92;

const isDigit = (byte: number) => byte >= 48 && byte <= 57;
const isHexDigit = (byte: number) => isDigit(byte) || ((byte | 32) >= 97 && (byte | 32) <= 102);
const isSpace = (byte: number) => byte === 32 || byte === 10 || byte === 13 || byte === 9;
const escapes: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'));
const literals: ReadonlyMap<number, Buffer> = new Map(
  ['true', 'false', 'null'].map((word) => [word.charCodeAt(0), Buffer.from(word)]),
);

const notJson = (): never => {
  throw new JsonFault('sent something that is no JSON');
};

/**
 * Reads JSON chunk by chunk, however it is cut, and keeps nothing but its nesting: accepts what JSON.parse accepts
 * (RFC 8259), down to {@link DEEPEST} levels, and refuses everything else at the first byte that is wrong.
 */
export class JsonScanner {
  private state = VALUE;
  private readonly isObject: boolean[] = [];
  private depth = 0;
  /** So many of the open objects and arrays, from the outside, have their values reported. */
  private watched = 0;
  private isKey = false;
  private key = '';
  private isEscaped = false;
  /** Hexadecimal digits that an escape still wants. */
  private hex = 0;
  private inNumber: number = SIGN;
  private word: Buffer = Buffer.alloc(0);
  private inWord = 0;

  constructor(private readonly listener: JsonListener) {}

  /** Reads on; throws {@link JsonFault}. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length)
      if (this.state === STRING) at = this.string(chunk, at);
      else {
        // A number is over only at the byte after it.
        if (this.state === NUMBER && !this.number(chunk[at] ?? 0)) this.valueEnds(at);
        if (this.state !== NUMBER) this.step(chunk[at] ?? 0, at);
        at++;
      }
  }

  /** There is no more; throws {@link JsonFault} where that is too early. */
  finish(): void {
    if (this.state === NUMBER && this.depth === 0 && wholeNumbers.has(this.inNumber)) this.valueEnds(0);
    if (this.state !== OVER) throw new JsonFault('broke off in the middle of an answer, or sent none');
  }

  private step(byte: number, at: number): void {
    if (this.state === LITERAL) {
      if (this.word[this.inWord++] !== byte) notJson();
      if (this.inWord === this.word.length) this.valueEnds(at + 1);
      return;
    }
    if (isSpace(byte)) return;
    switch (this.state) {
      case FIRST_VALUE:
      case VALUE:
        if (byte === 93 && this.state === FIRST_VALUE) this.close(at);
        else this.begin(byte, at);
        return;
      case FIRST_KEY:
      case KEY:
        if (byte === 125 && this.state === FIRST_KEY) this.close(at);
        else if (byte === QUOTE) {
          this.state = STRING;
          this.isKey = true;
          this.key = '';
        } else notJson();
        return;
      case COLON:
        if (byte !== 58) notJson();
        this.state = VALUE;
        return;
      case AFTER:
        if (byte === 44) this.state = this.isObject[this.depth - 1] === true ? KEY : VALUE;
        else if (byte === (this.isObject[this.depth - 1] === true ? 125 : 93)) this.close(at);
        else notJson();
        return;
      default:
        notJson();
    }
  }

  private begin(byte: number, at: number): void {
    const isReported = this.depth === this.watched;
    const key = this.depth > 0 && this.isObject[this.depth - 1] === true ? this.key : null;
    const isEntered = isReported && this.listener.begin(byte, key, at);
    if (byte === QUOTE) this.state = STRING;
    else if (byte === 123 || byte === 91) {
      if (this.depth === DEEPEST) throw new JsonFault(`sent JSON that is nested deeper than ${DEEPEST}`);
      this.isObject[this.depth++] = byte === 123;
      if (isEntered) this.watched = this.depth;
      this.state = byte === 123 ? FIRST_KEY : FIRST_VALUE;
    } else if (byte === 45 || isDigit(byte)) {
      this.state = NUMBER;
      this.inNumber = byte === 45 ? SIGN : byte === 48 ? ZERO : DIGIT;
    } else {
      this.word = literals.get(byte) ?? notJson();
      this.inWord = 1;
      this.state = LITERAL;
    }
  }

  private close(at: number): void {
    this.depth--;
    if (this.watched > this.depth) this.watched = this.depth;
    this.valueEnds(at + 1);
  }

  private valueEnds(at: number): void {
    this.state = this.depth === 0 ? OVER : AFTER;
    if (this.depth === this.watched) this.listener.end(at);
  }

  /** Reads to the end of the string, or of the chunk. @returns the index after it */
  private string(chunk: Buffer, start: number): number {
    let at = start;
    for (; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (this.hex > 0) {
        if (!isHexDigit(byte)) notJson();
        this.hex--;
      } else if (this.isEscaped) {
        this.isEscaped = false;
        if (byte === 117) this.hex = 4;
        else if (!escapes.has(byte)) notJson();
      } else if (byte === BACKSLASH) this.isEscaped = true;
      else if (byte === QUOTE) break;
      else if (byte < 32) notJson();
    }
    if (this.isKey && this.depth === this.watched && this.key.length <= LONGEST_KEY)
      this.key += chunk.toString('latin1', start, Math.min(at, start + LONGEST_KEY + 1));
    if (at === chunk.length) return at;
    if (this.isKey) {
      this.isKey = false;
      this.state = COLON;
      this.key = this.key.length > LONGEST_KEY ? '' : decoded(this.key);
    } else this.valueEnds(at + 1);
    return at + 1;
  }

  /** Whether the number goes on with this byte. */
  private number(byte: number): boolean {
    const was = this.inNumber;
    if (isDigit(byte)) {
      if (was === ZERO) notJson();
      if (was === SIGN) this.inNumber = byte === 48 ? ZERO : DIGIT;
      else if (was === POINT) this.inNumber = DECIMAL;
      else if (was === EXPONENT || was === EXPONENT_SIGN) this.inNumber = EXPONENT_DIGIT;
      return true;
    }
    if (byte === 46 && (was === ZERO || was === DIGIT)) this.inNumber = POINT;
    else if ((byte === 101 || byte === 69) && (was === ZERO || was === DIGIT || was === DECIMAL))
      this.inNumber = EXPONENT;
    else if ((byte === 43 || byte === 45) && was === EXPONENT) this.inNumber = EXPONENT_SIGN;
    else {
      if (!wholeNumbers.has(was)) notJson();
      return false;
    }
    return true;
  }
}

/** A key of valid JSON, given byte by byte. */
function decoded(bytes: string): string {
  const key = Buffer.from(bytes, 'latin1').toString();
  return key.includes('\\') ? (JSON.parse(`"${key}"`) as string) : key;
}
