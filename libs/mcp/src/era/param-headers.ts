import { DomainError } from '#kernel';
import { isObject } from '../envelope/messages.js';
import { decodeHeaderValue, encodeHeaderValue } from './header-value.js';

/** One parameter that a tool wants mirrored as `Mcp-Param-{name}` (2026-07-28, SEP-2243). */
export interface ParamHeader {
  readonly name: string;
  readonly path: readonly string[];
  readonly type: 'string' | 'integer' | 'boolean';
}

/** The annotations of a tool, or why they are invalid, which excludes the tool. */
export type ParamHeaders =
  | { readonly valid: true; readonly headers: readonly ParamHeader[] }
  | { readonly valid: false; readonly problem: string };

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const MAX_NODES = 100_000;
/** Under these keys a value is data, not a schema, so an annotation there means nothing. */
const dataKeys = new Set(['const', 'enum', 'default', 'examples', 'required', 'type', 'description', 'title']);
/** The value of these keys maps names to schemas; a property may well be called `default`. */
const mapKeys = new Set(['properties', 'patternProperties', 'dependentSchemas', '$defs', 'definitions']);

interface Pending {
  readonly node: unknown;
  readonly path: readonly string[];
  readonly reachable: boolean;
}

function children({ node, path, reachable }: Pending): Pending[] {
  if (Array.isArray(node)) return node.map((item: unknown) => ({ node: item, path, reachable: false }));
  if (!isObject(node)) return [];
  return Object.entries(node).flatMap(([key, value]): Pending[] => {
    if (dataKeys.has(key) || key === 'x-mcp-header') return [];
    if (!mapKeys.has(key) || !isObject(value)) return [{ node: value, path, reachable: false }];
    return Object.entries(value).map(([name, child]) => ({
      node: child,
      path: [...path, name],
      reachable: reachable && key === 'properties',
    }));
  });
}

function annotation({ node, path, reachable }: Pending): ParamHeader | string | null {
  if (!isObject(node) || !('x-mcp-header' in node)) return null;
  const name = node['x-mcp-header'];
  const where = path.length === 0 ? 'the schema root' : path.join('.');
  if (!reachable || path.length === 0)
    return `${where}: x-mcp-header is only allowed on properties reached through "properties"`;
  if (typeof name !== 'string' || !TOKEN.test(name)) return `${where}: x-mcp-header must be an HTTP token`;
  const { type } = node;
  if (type !== 'string' && type !== 'integer' && type !== 'boolean')
    return `${where}: x-mcp-header is only allowed on type string, integer or boolean`;
  return { name, path, type };
}

/** Reads the `x-mcp-header` annotations of an input schema. Iterative and bounded, since schemas come from strangers. */
export function readParamHeaders(inputSchema: unknown): ParamHeaders {
  const headers: ParamHeader[] = [];
  const seen = new Set<string>();
  const pending: Pending[] = [{ node: inputSchema, path: [], reachable: true }];
  for (let visited = 0; pending.length > 0; visited++) {
    const next = pending.pop();
    if (next === undefined) break;
    if (visited > MAX_NODES) return { valid: false, problem: 'the input schema is too large' };
    const found = annotation(next);
    if (typeof found === 'string') return { valid: false, problem: found };
    if (found !== null) {
      if (seen.has(found.name.toLowerCase()))
        return { valid: false, problem: `x-mcp-header "${found.name}" is declared twice` };
      seen.add(found.name.toLowerCase());
      headers.push(found);
    }
    pending.push(...children(next));
  }
  return { valid: true, headers: headers.toReversed() };
}

function valueAt(args: unknown, path: readonly string[]): string | null {
  let value = args;
  for (const key of path) value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value !== 'number' || !Number.isFinite(value)) return null;
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? null : String(value);
}

/** The `mcp-param-*` headers that a call with these arguments must carry. */
export function paramHeadersOf(declared: readonly ParamHeader[], args: unknown): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const { name, path } of declared) {
    const value = valueAt(args, path);
    if (value !== null) headers[`mcp-param-${name.toLowerCase()}`] = encodeHeaderValue(value);
  }
  return headers;
}

/**
 * Refuses a modern call whose `Mcp-Param-*` headers do not say what its arguments say (HEADER_MISMATCH). Integers are
 * compared as numbers. A header without its argument is ignored, as the specification asks.
 */
export function checkParamHeaders(
  declared: readonly ParamHeader[],
  args: unknown,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): void {
  for (const { name, path, type } of declared) {
    const value = valueAt(args, path);
    if (value === null) continue;
    const header = headers[`mcp-param-${name.toLowerCase()}`];
    const decoded = typeof header === 'string' ? decodeHeaderValue(header.trim()) : null;
    const same =
      decoded === value ||
      (type === 'integer' && decoded !== null && /^-?\d+(\.\d+)?$/.test(decoded) && Number(decoded) === Number(value));
    if (!same)
      throw new DomainError(
        'HEADER_MISMATCH',
        `The header Mcp-Param-${name} must say what the argument ${path.join('.')} says, or be sent when it is missing.`,
        { details: { header: `Mcp-Param-${name}` } },
      );
  }
}
