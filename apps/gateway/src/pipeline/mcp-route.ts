import { isSlug, isUuid } from '#kernel';

/** An MCP endpoint as a path names it; says nothing about whether it exists. */
export interface McpRoute {
  readonly kind: 'aggregate' | 'virtual-server' | 'upstream';
  /** Slug or id; null for the aggregate. */
  readonly name: string | null;
  /** The path, which has one spelling only. */
  readonly path: string;
}

const pattern = /^\/(?:(servers|upstreams)\/([a-z0-9-]+)\/)?mcp$/;

/**
 * The route that a path spells exactly. Slugs and ids need no escapes, so a path with `%`, `//`, capitals or a trailing
 * slash is no route at all: two spellings of one object would be a way around rules that name it.
 */
export function mcpRouteOf(path: string): McpRoute | null {
  const match = pattern.exec(path);
  if (match === null) return null;
  const [, folder, name] = match;
  if (folder === undefined || name === undefined) return { kind: 'aggregate', name: null, path };
  if (!isSlug(name) && !isUuid(name)) return null;
  return { kind: folder === 'servers' ? 'virtual-server' : 'upstream', name, path };
}
