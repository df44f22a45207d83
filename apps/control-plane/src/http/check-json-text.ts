import { DomainError } from '#kernel';

/** Far deeper than any input type; recursion over the parsed value stays shallow. */
const maxDepth = 64;

const refuse = (text: string) => new DomainError('PARSE_ERROR', `The body ${text}.`);

/**
 * Refuses JSON that parsers understand differently or that attacks them: nesting beyond 64, a key twice in one object,
 * `__proto__` as a key. Expects text that `JSON.parse` accepts; costs one pass.
 * @throws DomainError PARSE_ERROR
 */
export function checkJsonText(text: string): void {
  // One entry per open bracket: the keys seen so far, or null for an array.
  const open: (Set<string> | null)[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text[at];
    if (character === '"') {
      const end = endOfString(text, at);
      const keys = open.at(-1);
      if (keys && isKey(text, end)) checkKey(JSON.parse(text.slice(at, end)) as string, keys);
      at = end;
      continue;
    }
    if (character === '{' || character === '[') open.push(character === '{' ? new Set() : null);
    else if (character === '}' || character === ']') open.pop();
    if (open.length > maxDepth) throw refuse(`nests deeper than ${maxDepth} levels`);
    at += 1;
  }
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function isKey(text: string, end: number): boolean {
  let at = end;
  while (/\s/.test(text[at] ?? '')) at += 1;
  return text[at] === ':';
}

function checkKey(key: string, keys: Set<string>): void {
  if (key === '__proto__') throw refuse('has a key __proto__');
  if (keys.has(key)) throw refuse(`has the key ${JSON.stringify(key.slice(0, 50))} twice in one object`);
  keys.add(key);
}
