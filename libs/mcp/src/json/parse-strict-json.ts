import { isUtf8 } from 'node:buffer';
import { DomainError } from '#kernel';
import { decodeKey, stringEnd } from './json-text.js';

/** Bounds of a JSON body. */
export interface JsonLimits {
  /** Nesting of objects and arrays. */
  readonly maxDepth: number;
  /** Object keys in the whole text. */
  readonly maxKeys: number;
}

/** A body that passed: its value and its text, from which parts can be forwarded unchanged. */
export interface ParsedJson {
  readonly text: string;
  readonly value: unknown;
}

const refuse = (problem: string): never => {
  throw new DomainError('PARSE_ERROR', `The body is not accepted: ${problem}.`);
};

/** Above this many keys a set is quicker than comparing. */
const SMALL_OBJECT = 12;

/** Keys of one object under the scan. */
class Keys {
  private readonly few: string[] = [];
  private many: Set<string> | null = null;

  /** False when the key is there already. */
  add(key: string): boolean {
    if (this.many) return this.many.size !== this.many.add(key).size;
    if (this.few.includes(key)) return false;
    this.few.push(key);
    if (this.few.length > SMALL_OBJECT) this.many = new Set(this.few);
    return true;
  }
}

/**
 * One pass over the text that knows only strings, brackets and commas. What it says about valid JSON is exact; text that
 * is not JSON may pass it and is refused by JSON.parse afterwards. It keeps its own stack, so depth cannot overflow it.
 */
function scan(text: string, limits: JsonLimits): void {
  const objects: (Keys | null)[] = [null];
  const names: string[] = [''];
  let depth = 0;
  let count = 0;
  let expectKey = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 34) {
      const end = stringEnd(text, at);
      if (expectKey) {
        expectKey = false;
        if (++count > limits.maxKeys) refuse(`it has more than ${limits.maxKeys} keys`);
        const key = keyAt(text, at + 1, end);
        names[depth] = key;
        if (key === '__proto__') refuse('the key "__proto__" is forbidden');
        if (key === 'prototype' && names[depth - 1] === 'constructor' && objects[depth - 1])
          refuse('the key "constructor.prototype" is forbidden');
        if (objects[depth]?.add(key) === false) refuse(`the key ${JSON.stringify(key.slice(0, 80))} is there twice`);
      }
      at = end;
    } else if (code === 123 || code === 91) {
      if (++depth > limits.maxDepth) refuse(`it is nested deeper than ${limits.maxDepth}`);
      expectKey = code === 123;
      objects[depth] = expectKey ? new Keys() : null;
    } else if (code === 125 || code === 93) {
      if (--depth < 0) return;
      expectKey = false;
    } else if (code === 44) expectKey = objects[depth] != null;
  }
}

function keyAt(text: string, start: number, end: number): string {
  try {
    return decodeKey(text.slice(start, end));
  } catch {
    return refuse('a key has an invalid escape');
  }
}

/**
 * Parses a request body in O(n): UTF-8 without BOM, bounded depth and key count, no key twice in one object, no
 * `__proto__` or `constructor.prototype`. Two parsers could read such text differently, and the upstream's is not ours.
 * Refuses with PARSE_ERROR whose text says why.
 */
export function parseStrictJson(body: Buffer, limits: JsonLimits): ParsedJson {
  if (body.length === 0) refuse('it is empty');
  if (!isUtf8(body)) refuse('it is not UTF-8');
  if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf) refuse('it begins with a byte order mark');
  return parseStrictText(body.toString('utf8'), limits);
}

/** {@link parseStrictJson} for text that is decoded already. */
export function parseStrictText(text: string, limits: JsonLimits): ParsedJson {
  scan(text, limits);
  try {
    return { text, value: JSON.parse(text) };
  } catch (error) {
    const position = /position (\d+)/.exec(error instanceof Error ? error.message : '');
    return refuse(`it is not valid JSON${position ? ` (near position ${position[1]})` : ''}`);
  }
}
