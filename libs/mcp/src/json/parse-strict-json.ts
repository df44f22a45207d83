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
  /** Where the text that names the object of a call stands; null without one. */
  readonly name: NameSpan | null;
}

/** A JSON string in `params` under one of the members by which MCP names objects, quotes included. */
export interface NameSpan {
  readonly member: string;
  readonly start: number;
  readonly end: number;
}

/** The members of `params` by which requests name what they are about. */
const naming = new Set(['name', 'uri', 'taskId']);
/** Of the members of `params`, where the message is the outermost object. */
const PARAMS_DEPTH = 2;

const refuse = (problem: string): never => {
  throw new DomainError('PARSE_ERROR', `The body is not accepted: ${problem}.`);
};

/** Above this many keys a set is quicker than comparing. */
const SMALL_OBJECT = 12;
const ARRAY = -1;

/** The keys of the objects that are open, the innermost last; few objects have so many that they need a set. */
class OpenKeys {
  private readonly keys: string[] = [];
  /** Where the keys of each open object begin; `ARRAY` for an array, and for what is around everything. */
  private readonly starts: number[] = [ARRAY];
  private readonly sets: (Set<string> | undefined)[] = [];

  get isObject(): boolean {
    return this.starts[this.starts.length - 1] !== ARRAY;
  }

  open(isObject: boolean): void {
    this.starts.push(isObject ? this.keys.length : ARRAY);
  }

  close(): void {
    const start = this.starts.pop();
    if (start === undefined || start === ARRAY) return;
    if (this.keys.length - start > SMALL_OBJECT) this.sets[this.starts.length] = undefined;
    this.keys.length = start;
  }

  /** False when the key is there already. */
  add(key: string): boolean {
    const { keys, sets, starts } = this;
    const depth = starts.length - 1;
    const start = starts[depth] ?? ARRAY;
    // Text that is no JSON: the parser will say so.
    if (start === ARRAY) return true;
    const count = keys.length - start;
    if (count < SMALL_OBJECT) {
      for (let at = start; at < keys.length; at++) if (keys[at] === key) return false;
    } else {
      const known = (sets[depth] ??= new Set(keys.slice(start)));
      if (known.size === known.add(key).size) return false;
    }
    keys.push(key);
    return true;
  }

  /** The last key of the object around the innermost one. */
  get outerKey(): string | undefined {
    const { keys, starts } = this;
    const outer = starts[starts.length - 2] ?? ARRAY;
    const own = starts[starts.length - 1] ?? ARRAY;
    return outer === ARRAY || own === ARRAY ? undefined : keys[own - 1];
  }
}

/**
 * Finds the name of a request while its text is scanned: whoever changes it later need not look for it. One per scan.
 */
class NameFinder {
  found: NameSpan | null = null;
  private member: string | null = null;

  /** A key that stands `depth` objects or arrays deep. */
  key(key: string, outerKey: string | undefined, depth: number): void {
    if (depth > PARAMS_DEPTH) return;
    this.member = depth === PARAMS_DEPTH && outerKey === 'params' && naming.has(key) ? key : null;
  }

  /** A string that is no key. */
  text(start: number, end: number, depth: number): void {
    if (this.member === null || depth !== PARAMS_DEPTH) return;
    this.found = { member: this.member, start, end };
    this.member = null;
  }
}

/**
 * One pass over the text that knows only strings, brackets and commas. What it says about valid JSON is exact; text that
 * is not JSON may pass it and is refused by JSON.parse afterwards. It keeps its own stack, so depth cannot overflow it.
 */
function scan(text: string, limits: JsonLimits): NameSpan | null {
  const open = new OpenKeys();
  const name = new NameFinder();
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
        if (key === '__proto__') refuse('the key "__proto__" is forbidden');
        if (key === 'prototype' && open.outerKey === 'constructor')
          refuse('the key "constructor.prototype" is forbidden');
        name.key(key, open.outerKey, depth);
        if (!open.add(key)) refuse(`the key ${JSON.stringify(key.slice(0, 80))} is there twice`);
      } else name.text(at, end + 1, depth);
      at = end;
    } else if (code === 123 || code === 91) {
      if (++depth > limits.maxDepth) refuse(`it is nested deeper than ${limits.maxDepth}`);
      expectKey = code === 123;
      open.open(expectKey);
    } else if (code === 125 || code === 93) {
      if (--depth < 0) return null;
      open.close();
      expectKey = false;
    } else if (code === 44) expectKey = open.isObject;
  }
  return name.found;
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
  const name = scan(text, limits);
  try {
    return { text, value: JSON.parse(text), name };
  } catch (error) {
    const position = /position (\d+)/.exec(error instanceof Error ? error.message : '');
    return refuse(`it is not valid JSON${position ? ` (near position ${position[1]})` : ''}`);
  }
}
