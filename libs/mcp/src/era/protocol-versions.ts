import { DomainError } from '#kernel';

/** Revisions with a handshake, newest first; 2024-11-05 has another transport and is not served on these routes. */
export const LEGACY_VERSIONS: readonly string[] = ['2025-11-25', '2025-06-18', '2025-03-26'];
/**
 * What may be agreed on with a client over HTTP+SSE, and with an upstream over any transport: it is told the revision
 * that its client agreed on, and one over streamable HTTP may agree on 2024-11-05, too.
 */
export const STREAM_VERSIONS: readonly string[] = [...LEGACY_VERSIONS, '2024-11-05'];
/** Stateless revisions, newest first. */
export const MODERN_VERSIONS: readonly string[] = ['2026-07-28'];
/** What a legacy request without version header is taken for (2025-06-18, Protocol Version Header). */
export const DEFAULT_LEGACY_VERSION = '2025-03-26';
export const LATEST_LEGACY_VERSION = '2025-11-25';
export const LATEST_MODERN_VERSION = '2026-07-28';

/** The keys of the per-request envelope (2026-07-28). */
export const META = {
  protocolVersion: 'io.modelcontextprotocol/protocolVersion',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
  logLevel: 'io.modelcontextprotocol/logLevel',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
  subscriptionId: 'io.modelcontextprotocol/subscriptionId',
  relatedTask: 'io.modelcontextprotocol/related-task',
} as const;

/** Revisions are dates, so text order is time order. */
export const isModernVersion = (version: string): boolean => version >= '2026-07-28';

/** The answer to a legacy `initialize`: the version asked for if it is spoken here, else the newest legacy one. */
export const negotiateLegacyVersion = (requested: unknown): string =>
  typeof requested === 'string' && LEGACY_VERSIONS.includes(requested) ? requested : LATEST_LEGACY_VERSION;

const unsupported = (requested: string, supported: readonly string[]) =>
  new DomainError(
    'UNSUPPORTED_PROTOCOL_VERSION',
    `MCP revision ${JSON.stringify(requested.slice(0, 40))} is not spoken here. Use one of ${supported.join(', ')}.`,
    { details: { supported: [...supported], requested: requested.slice(0, 40) } },
  );

/** Refuses a modern request of an unknown revision with UNSUPPORTED_PROTOCOL_VERSION (−32022, `{supported, requested}`). */
export function assertModernVersion(version: string): void {
  if (!MODERN_VERSIONS.includes(version)) throw unsupported(version, MODERN_VERSIONS);
}

/** The revision of a legacy request after `initialize`, from its header; an unknown one is refused (2025-06-18: 400). */
export function legacyVersionOf(header: string | undefined): string {
  if (header === undefined) return DEFAULT_LEGACY_VERSION;
  const version = header.trim();
  if (!LEGACY_VERSIONS.includes(version)) throw unsupported(version, LEGACY_VERSIONS);
  return version;
}
