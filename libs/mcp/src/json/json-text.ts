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

/** The text of one member's value, or null. The last one counts, as it does for JSON.parse. */
export const memberValue = (text: string, key: string): string | null =>
  objectMembers(text).findLast((member) => member.key === key)?.value ?? null;

/**
 * A JSON object with some members replaced (string), removed (null) or added; every other member keeps its exact text,
 * so numbers beyond double precision and unknown fields pass unharmed.
 */
export function rewriteObject(text: string, changes: Readonly<Record<string, string | null>>): string {
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
