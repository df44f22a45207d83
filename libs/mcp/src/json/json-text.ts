/** One member of a JSON object, as it stands in the text. */
export interface JsonMember {
  readonly key: string;
  /** The whole member, `"key": value`. */
  readonly text: string;
  /** The value alone. */
  readonly value: string;
}

const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;

/** Index of the quote that closes the string opened at `open`; the end of the text when none does. */
export function stringEnd(text: string, open: number): number {
  let end = text.indexOf('"', open + 1);
  while (end !== -1) {
    let before = end - 1;
    while (text.charCodeAt(before) === BACKSLASH) before--;
    if (((end - 1 - before) & 1) === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return text.length;
}

/** The key between two quotes, escapes resolved. */
export const decodeKey = (raw: string): string => (raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw);

const isSpace = (code: number) => code === 32 || code === 10 || code === 13 || code === 9;

function trimmed(text: string, start: number, end: number): string {
  let from = start;
  let to = end;
  while (isSpace(text.charCodeAt(from))) from++;
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

/** Calls `part` for each comma-separated part of the outermost object or array, with the place of its first colon. */
function eachPart(text: string, part: (start: number, end: number, colon: number) => void): void {
  let depth = 0;
  let start = 0;
  let colon = -1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = stringEnd(text, at);
    else if (code === 123 || code === 91) {
      if (++depth === 1) start = at + 1;
    } else if (code === 125 || code === 93) {
      if (--depth === 0) {
        if (trimmed(text, start, at) !== '') part(start, at, colon);
        return;
      }
    } else if (depth === 1 && code === 58 && colon === -1) colon = at;
    else if (depth === 1 && code === COMMA) {
      part(start, at, colon);
      start = at + 1;
      colon = -1;
    }
  }
}

/** The members of a JSON object. The text must be valid JSON: parse it first. */
export function objectMembers(text: string): JsonMember[] {
  const members: JsonMember[] = [];
  eachPart(text, (start, end, colon) => {
    const raw = trimmed(text, start, colon);
    members.push({
      key: decodeKey(raw.slice(1, -1)),
      text: trimmed(text, start, end),
      value: trimmed(text, colon + 1, end),
    });
  });
  return members;
}

/** The elements of a JSON array, each as it stands in the text. The text must be valid JSON: parse it first. */
export function arrayElements(text: string): string[] {
  const elements: string[] = [];
  eachPart(text, (start, end) => elements.push(trimmed(text, start, end)));
  return elements;
}

/** Where a value stands in a text. */
interface Span {
  readonly start: number;
  readonly end: number;
  /** The member is there more than once. */
  readonly isRepeated: boolean;
}

/** True when the quotes at `open` and `end` hold this key. */
function isKey(text: string, open: number, end: number, key: string): boolean {
  if (end - open - 1 === key.length) return text.startsWith(key, open + 1);
  // Escapes only make a key longer.
  return end - open - 1 > key.length && decodeKey(text.slice(open + 1, end)) === key;
}

/**
 * Where the value of a member stands; null without that member. The last one counts, as it does for JSON.parse. Nothing
 * is cut out or put together on the way, since every call passes here.
 * @param from where the object begins, or white space before it
 */
export function valueSpan(text: string, key: string, from = 0): Span | null {
  let depth = 0;
  let found: Span | null = null;
  let start = -1;
  let expectKey = false;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = stringEnd(text, at);
      if (depth === 1 && expectKey) {
        expectKey = false;
        if (isKey(text, at, end, key)) start = text.indexOf(':', end) + 1;
      }
      at = end;
    } else if (code === 123 || code === 91) {
      if (++depth === 1) expectKey = true;
    } else if (code === COMMA || code === 125 || code === 93) {
      const closes = code !== COMMA;
      if (depth === 1) {
        if (start !== -1) found = trimmedSpan(text, start, at, found !== null);
        if (closes) return found;
        start = -1;
        expectKey = true;
      }
      if (closes) depth--;
    }
  }
  return found;
}

function trimmedSpan(text: string, start: number, end: number, isRepeated: boolean): Span {
  let from = start;
  let to = end;
  while (isSpace(text.charCodeAt(from))) from++;
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--;
  return { start: from, end: to, isRepeated };
}

/** The text of one member's value, or null. The last one counts, as it does for JSON.parse. */
export function memberValue(text: string, key: string): string | null {
  const span = valueSpan(text, key);
  return span === null ? null : text.slice(span.start, span.end);
}

/** {@link rewriteObject} where one member is there once and gets another value; null for every other case. */
function replaceOne(text: string, changes: Readonly<Record<string, string | null>>): string | null {
  let only: string | null = null;
  for (const key in changes) {
    if (only !== null) return null;
    only = key;
  }
  const value = only === null ? null : changes[only];
  if (only === null || value == null) return null;
  const span = valueSpan(text, only);
  return span === null || span.isRepeated ? null : `${text.slice(0, span.start)}${value}${text.slice(span.end)}`;
}

/**
 * A JSON object with some members replaced (string), removed (null) or added; every other member keeps its exact text,
 * so numbers beyond double precision and unknown fields pass unharmed.
 */
export function rewriteObject(text: string, changes: Readonly<Record<string, string | null>>): string {
  const replaced = replaceOne(text, changes);
  if (replaced !== null) return replaced;
  const left = new Map(Object.entries(changes));
  const parts: string[] = [];
  for (const member of objectMembers(text)) {
    const change = Object.hasOwn(changes, member.key) ? changes[member.key] : undefined;
    left.delete(member.key);
    if (change === undefined) parts.push(member.text);
    else if (change !== null) parts.push(`${JSON.stringify(member.key)}:${change}`);
  }
  for (const [key, value] of left) if (value !== null) parts.push(`${JSON.stringify(key)}:${value}`);
  return `{${parts.join(',')}}`;
}
