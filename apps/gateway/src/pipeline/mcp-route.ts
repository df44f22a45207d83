import { isSlug, isUuid } from '#kernel';

/** An MCP endpoint as a path names it; says nothing about whether it exists. */
export interface McpRoute {
  readonly kind: 'aggregate' | 'virtual-server' | 'upstream';
  /** Slug or id; null for the aggregate. */
  readonly name: string | null;
  /** The path, which has one spelling only; for HTTP+SSE the one that opens the stream. */
  readonly path: string;
  /** `sse`: HTTP+SSE of revision 2024-11-05. */
  readonly transport: 'http' | 'sse';
}

const pattern = /^\/(?:(servers|upstreams)\/([a-z0-9-]+)\/)?(mcp|sse|messages)$/;

/**
 * The route that a path spells exactly. Slugs and ids need no escapes, so a path with `%`, `//`, capitals or a trailing
 * slash is no route at all: two spellings of one object would be a way around rules that name it.
 * @param httpSse whether the paths of HTTP+SSE (2024-11-05) are routes
 */
export function mcpRouteOf(path: string, httpSse = false): McpRoute | null {
  const known = knownRoutes.get(path);
  if (known !== undefined) return known.transport === 'http' || httpSse ? known : null;
  const route = readRoute(path);
  if (route === null || (route.transport === 'sse' && !httpSse)) return null;
  if (knownRoutes.size >= mostKnown) knownRoutes.clear();
  knownRoutes.set(path, route);
  return route;
}

/** Clients call the same few paths again and again. */
const knownRoutes = new Map<string, McpRoute>();
const mostKnown = 1000;

function readRoute(path: string): McpRoute | null {
  const match = pattern.exec(path);
  if (match === null) return null;
  const [, folder, name, end = ''] = match;
  const transport = end === 'mcp' ? 'http' : 'sse';
  const opening = end === 'messages' ? `${path.slice(0, -end.length)}sse` : path;
  if (folder === undefined || name === undefined) return { kind: 'aggregate', name: null, path: opening, transport };
  if (!isSlug(name) && !isUuid(name)) return null;
  return { kind: folder === 'servers' ? 'virtual-server' : 'upstream', name, path: opening, transport };
}

/** Where clients of an HTTP+SSE route post their messages. */
export const messagesPathOf = ({ path }: McpRoute): string => `${path.slice(0, -'sse'.length)}messages`;

/** The methods that a path of a route has, besides OPTIONS. */
export function methodsOf(path: string, { transport }: McpRoute): readonly string[] {
  if (transport === 'http') return ['GET', 'POST', 'DELETE'];
  return path.endsWith('/sse') ? ['GET'] : ['POST'];
}
