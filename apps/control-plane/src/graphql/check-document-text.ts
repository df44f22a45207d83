import { Lexer, Source, TokenKind, type Token } from 'graphql';
import { DomainError } from '#kernel';

/** Far more than the deepest accepted document with its arguments; parser and validation recurse over what is deeper. */
const maxNesting = 200;
/** Validation compares fragments with each other: their number counts squared. */
const maxFragments = 100;

const opening = new Set<string>([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const closing = new Set<string>([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

const tooComplex = (text: string) => new DomainError('QUERY_TOO_COMPLEX', `The document ${text}.`);

/**
 * Refuses documents that would keep the parser or the validation busy, or overflow their stack, before either looks at
 * them. Costs one pass over at most `maxTokens` tokens; what is no GraphQL at all is left to the parser to say.
 * @throws DomainError QUERY_TOO_COMPLEX
 */
export function checkDocumentText(text: string, maxTokens: number): void {
  const lexer = new Lexer(new Source(text));
  let nesting = 0;
  let fragments = 0;
  for (let count = 0; count <= maxTokens; count += 1) {
    const token = advance(lexer);
    if (token === null || token.kind === TokenKind.EOF) return;
    if (opening.has(token.kind)) nesting += 1;
    else if (closing.has(token.kind)) nesting -= 1;
    else if (nesting === 0 && token.value === 'fragment') fragments += 1;
    if (nesting > maxNesting) throw tooComplex(`nests brackets deeper than ${maxNesting} levels`);
    if (fragments > maxFragments) throw tooComplex(`defines more than ${maxFragments} fragments`);
  }
  throw tooComplex(`has more than ${maxTokens} tokens; ask for less at a time`);
}

function advance(lexer: Lexer): Token | null {
  try {
    return lexer.advance();
  } catch {
    return null;
  }
}
