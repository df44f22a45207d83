const maxLength = 60;
const hashLength = 6;

/**
 * The name of an upstream's tool or prompt where several upstreams share one list: `{slug}__{name}`,
 * characters `[A-Za-z0-9_-]`, at most 60. A name that had to be cut or changed ends in `_` and the hash, so that two
 * originals never share one name. Reversed by table, never by splitting.
 * @param hash6 six stable characters over (upstream id, original name)
 */
export function aggregatedName(upstreamSlug: string, original: string, hash6: string): string {
  const whole = `${upstreamSlug}__${original}`;
  const safe = whole.replaceAll(/[^A-Za-z0-9_-]/g, '_');
  if (safe === whole && whole.length <= maxLength) return whole;
  return `${safe.slice(0, maxLength - hashLength - 1)}_${hash6}`;
}

const appScheme = 'ui://';

/**
 * A resource URI or URI template where several upstreams share one list: the original, verbatim, behind a prefix. Pages
 * of MCP Apps keep their scheme, without which hosts refuse them (extension `io.modelcontextprotocol/ui`).
 */
export const aggregatedUri = (upstreamSlug: string, original: string): string =>
  original.startsWith(appScheme)
    ? `${appScheme}gatehouse.${upstreamSlug}/${original.slice(appScheme.length)}`
    : `gatehouse:${upstreamSlug}:${original}`;

/** The original of a URI as {@link aggregatedUri} shows it; null for what it never shows for this upstream. */
export function originalUri(upstreamSlug: string, shown: string): string | null {
  const apps = aggregatedUri(upstreamSlug, appScheme);
  const others = aggregatedUri(upstreamSlug, '');
  if (shown.startsWith(apps)) return appScheme + shown.slice(apps.length);
  const original = shown.startsWith(others) ? shown.slice(others.length) : null;
  return original?.startsWith(appScheme) === true ? null : original;
}
