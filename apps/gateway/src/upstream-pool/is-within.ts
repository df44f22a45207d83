/** Segments that lead out of what they stand in (RFC 3986 §5.2.4), also written in percent. */
const dots = /^(?:\.|%2e){1,2}$/i;

/**
 * Whether a URI names a resource or, by its path, something within it: `file:///a/b` is within `file:///a` and `file:///a/`,
 * `file:///ab` is not. Both are compared as they are written; a query or a fragment has nothing within.
 */
export function isWithin(uri: string, resource: string): boolean {
  if (!uri.startsWith(resource)) return false;
  if (uri.length === resource.length) return true;
  if (/[?#]/.test(resource)) return false;
  const rest = uri.slice(resource.length);
  if (!resource.endsWith('/') && !/^[/?#]/.test(rest)) return false;
  const path = rest.split(/[?#]/, 1)[0] ?? '';
  return path.split('/').every((segment) => !dots.test(segment));
}
