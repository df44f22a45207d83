import { decodeKey } from '../json/json-text.js';

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const BACKSLASH = 92;
/** Longer keys mean nothing here, and ids of this length are refused when they are sent. */
const LONGEST = 2048;

/** How a call went, as far as its answer says. */
export type AnswerOutcome = 'ok' | 'tool-error' | 'rpc-error';

/** What is wrong with an answer that is read while it is passed on. */
export class AnswerFault extends Error {}

/**
 * Reads a JSON-RPC answer as it passes by, chunk by chunk, keeping none of it: puts the client's id in the place of the
 * one that was sent, and sees how the call went. It looks at strings, brackets and the keys of the outer two levels.
 */
export class AnswerScanner {
  private depth = 0;
  /** For the two outer levels: whether a key is due. */
  private expectsKey = false;
  private readonly isObject = [false, false, false];
  private readonly keys = ['', '', ''];
  private inString = false;
  private isEscaped = false;
  /** The text of a key, as far as it has come; null while none is read. */
  private key: string | null = null;
  /** The text of the id, as far as it has come; null before and after. */
  private id: string | null = null;
  private hasId = false;
  private isOver = false;
  private outcome: AnswerOutcome = 'ok';

  constructor(
    private readonly sentId: string,
    private readonly clientId: string,
  ) {}

  /** The bytes to pass on for this chunk. */
  push(chunk: Buffer): Buffer[] {
    const pieces: Buffer[] = [];
    let from = this.id === null ? 0 : -1;
    let at = 0;
    const idFrom = { at: 0 };
    while (at < chunk.length) {
      if (this.inString) {
        at = this.string(chunk, at);
        continue;
      }
      const byte = chunk[at] ?? 0;
      if (this.id !== null && (byte === COMMA || byte === 125)) {
        this.endId(chunk, idFrom.at, at);
        from = at;
      }
      if (this.isIdNext(byte)) {
        pieces.push(chunk.subarray(from, at), Buffer.from(this.clientId));
        this.id = '';
        idFrom.at = at;
        from = -1;
      }
      this.step(byte);
      at++;
    }
    if (this.id !== null) this.id += this.bounded(chunk.toString('latin1', idFrom.at));
    else if (from < chunk.length) pieces.push(chunk.subarray(from));
    return pieces;
  }

  /** How the call went; throws when the answer was not whole, or answers something else. */
  finish(): AnswerOutcome {
    if (!this.isOver || !this.hasId) throw new AnswerFault('broke off in the middle of an answer, or sent none');
    return this.outcome;
  }

  /** Skips to the end of the string, or of the chunk; notes the text of a key. @returns the index after it */
  private string(chunk: Buffer, start: number): number {
    let at = start;
    for (; at < chunk.length; at++) {
      if (this.isEscaped) this.isEscaped = false;
      else if (chunk[at] === BACKSLASH) this.isEscaped = true;
      else if (chunk[at] === QUOTE) break;
    }
    if (this.key !== null) this.key += this.bounded(chunk.toString('latin1', start, at));
    if (at === chunk.length) return at;
    this.inString = false;
    if (this.key !== null) {
      this.keys[this.depth] = this.key.length < LONGEST ? keyOf(this.key) : '';
      this.key = null;
    }
    return at + 1;
  }

  private isIdNext(byte: number): boolean {
    return (
      this.id === null &&
      this.depth === 1 &&
      !this.expectsKey &&
      this.keys[1] === 'id' &&
      byte !== COLON &&
      byte !== COMMA &&
      byte > 32
    );
  }

  private endId(chunk: Buffer, from: number, to: number): void {
    const sent = ((this.id ?? '') + chunk.toString('latin1', from, to)).trim();
    // Ids are compared as values: a string may be escaped in another way than we did.
    if (JSON.stringify(parsed(Buffer.from(sent, 'latin1').toString())) !== this.sentId)
      throw new AnswerFault('answered another request than the one that was sent');
    this.id = null;
    this.hasId = true;
    this.keys[1] = '';
  }

  private step(byte: number): void {
    if (byte <= 32) return;
    if (this.isOver || (this.depth === 0 && byte !== 123)) throw new AnswerFault('sent something that is no answer');
    if (byte === QUOTE) {
      this.inString = true;
      if (this.expectsKey) this.key = '';
    } else if (byte === COLON) {
      if (this.depth <= 2) this.expectsKey = false;
    } else if (byte === 123 || byte === 91) this.open(byte === 123);
    else if (byte === 125 || byte === 93) this.close();
    else if (byte === COMMA) this.expectsKey = this.depth <= 2 && this.isObject[this.depth] === true;
    else if (byte === 116 && this.depth === 2 && this.keys[1] === 'result' && this.keys[2] === 'isError')
      this.outcome = 'tool-error';
  }

  private open(isObject: boolean): void {
    if (this.depth === 1 && this.keys[1] === 'error') this.outcome = 'rpc-error';
    this.depth++;
    this.expectsKey = this.depth <= 2 && isObject;
    if (this.depth > 2) return;
    this.isObject[this.depth] = isObject;
    this.keys[this.depth] = '';
  }

  private close(): void {
    this.depth--;
    this.expectsKey = false;
    if (this.depth === 0) this.isOver = true;
  }

  private bounded(text: string): string {
    const known = (this.key ?? '').length + (this.id ?? '').length;
    if (known + text.length > LONGEST && this.id !== null) throw new AnswerFault('sent an id that nobody gave it');
    return text.slice(0, Math.max(0, LONGEST - known));
  }
}

function keyOf(raw: string): string {
  try {
    return decodeKey(raw);
  } catch {
    throw new AnswerFault('sent something that is no JSON');
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
