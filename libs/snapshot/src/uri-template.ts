/** A URI template that can tell its own URIs. */
export interface UriTemplate {
  /** How many characters are fixed: of two templates that match, the one with more is the nearer. */
  readonly literalLength: number;
  /** Whether the URI can be an expansion of this template. Takes time in proportion to length × parts. */
  matches(uri: string): boolean;
}

/** A fixed text, or one or more characters outside `stop` after `lead`. */
type Part = { readonly text: string } | { readonly lead: string; readonly stop: string; readonly optional: boolean };

const longestUri = 8192;
const mostParts = 64;
const expression = /\{([^{}]*)\}/g;
const variables = /^([+#./;?&]?)((?:[\w.%-]+(?:\*|:\d{1,4})?)(?:,[\w.%-]+(?:\*|:\d{1,4})?)*)$/;
// Also behind percent-encoding: the upstream may decode before it resolves.
const dotSegment = /(?:^|[/\\:]|%2f|%5c)(?:\.|%2e){2}(?:$|[/\\?#]|%2f|%5c)/i;

/**
 * Reads an RFC 6570 template of any level. Matching errs on the narrow side: a plain variable ends at `/`, `?` and `#`
 * and is not empty, and no URI with a `..` segment matches, so `file:///docs/{+path}` never leads out of its folder.
 * @returns null for a template that is malformed or has more than 64 parts; it is listed all the same
 */
export function parseUriTemplate(template: string): UriTemplate | null {
  const parts: Part[] = [];
  let copied = 0;
  const addText = (text: string): void => {
    if (text !== '') parts.push({ text });
  };
  for (const found of template.matchAll(expression)) {
    addText(template.slice(copied, found.index));
    copied = found.index + found[0].length;
    const variable = parseExpression(found[1] ?? '');
    if (variable === null) return null;
    parts.push(variable);
  }
  addText(template.slice(copied));
  const texts = parts.map((part) => ('text' in part ? part.text : ''));
  if (parts.length > mostParts || /[{}]/.test(texts.join(''))) return null;
  const head = texts[0] ?? '';
  return {
    literalLength: texts.join('').length,
    matches: (uri) => uri.length <= longestUri && uri.startsWith(head) && !dotSegment.test(uri) && consume(parts, uri),
  };
}

/** RFC 6570 §3.2: what the expansion of each operator starts with and may hold; an undefined variable leaves nothing. */
function parseExpression(body: string): Part | null {
  const [, operator, names = ''] = variables.exec(body) ?? [];
  switch (operator) {
    case '':
      return { lead: '', stop: '/?#', optional: false };
    case '+':
      return { lead: '', stop: '', optional: false };
    case '/':
      return { lead: '/', stop: /[,*]/.test(names) ? '?#' : '/?#', optional: true };
    case '.':
    case ';':
      return { lead: operator, stop: '/?#', optional: true };
    case '?':
    case '&':
      return { lead: operator, stop: '#', optional: true };
    case '#':
      return { lead: '#', stop: '', optional: true };
    default:
      return null;
  }
}

/** Follows all readings at once as a set of positions: a regular expression could take time beyond any bound here. */
function consume(parts: readonly Part[], uri: string): boolean {
  let reached = new Uint8Array(uri.length + 1);
  reached[0] = 1;
  for (const part of parts) {
    const next = new Uint8Array(uri.length + 1);
    const lead = 'text' in part ? part.text : part.lead;
    for (let at = reached.indexOf(1); at !== -1; at = reached.indexOf(1, at + 1)) {
      if (uri.startsWith(lead, at)) next[at + lead.length] = 1;
    }
    reached = 'text' in part ? next : extend(next, uri, part, reached);
  }
  return reached[uri.length] === 1;
}

/** Every position that one or more allowed characters lead to from a start; where nothing may stand, the old ones too. */
function extend(
  starts: Uint8Array<ArrayBuffer>,
  uri: string,
  { stop, optional }: { readonly stop: string; readonly optional: boolean },
  before: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const ends = optional ? before.slice() : new Uint8Array(uri.length + 1);
  let open = false;
  for (let at = 0; at < uri.length; at++) {
    open = (open || starts[at] === 1) && !stop.includes(uri.charAt(at));
    if (open) ends[at + 1] = 1;
  }
  return ends;
}
