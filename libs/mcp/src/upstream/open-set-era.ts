import type { Era } from '#contracts';
import { DomainError } from '#kernel';
import { isModernVersion, LATEST_MODERN_VERSION } from '../era/protocol-versions.js';
import { openModernStdioLink } from '../stdio/open-stdio-link.js';
import { discover, isClientError } from './discover.js';
import { createModernLink } from './modern-link.js';
import { openLink } from './open-link.js';
import { ownClient } from './probe-upstream.js';
import { UpstreamRpcError } from './refusals.js';
import { upstreamError, type HttpConnection, type UpstreamConnection } from './upstream-connection.js';
import type { UpstreamIdentity } from './upstream-identity.js';
import type { LinkOptions, UpstreamLink } from './upstream-link.js';

const other = { LEGACY: 'MODERN', MODERN: 'LEGACY' } as const;

/** What the upstream said, as far as it is worth repeating. */
function answerOf(error: unknown): string {
  if (!(error instanceof DomainError)) return '';
  const { cause, details } = error;
  if (cause instanceof UpstreamRpcError) return ` (error ${cause.body.code}: ${cause.body.message.slice(0, 200)})`;
  return typeof details['status'] === 'number' ? ` (status ${details['status']})` : '';
}

const notSpoken = (connection: UpstreamConnection, era: Era, cause?: unknown): DomainError =>
  upstreamError(
    'UPSTREAM_ERA_NOT_SPOKEN',
    connection,
    `does not speak the ${era.toLowerCase()} era, which is set for it: it refused ${era === 'LEGACY' ? 'initialize' : 'server/discover'}${answerOf(cause)}. Set its protocolEra to AUTO or ${other[era]}, or check its address.`,
    { era },
    cause,
  );

/** Whether an upstream's answer to `initialize` says that it knows no sessions, or none at this address. */
function refusesLegacy(error: unknown): boolean {
  if (!(error instanceof DomainError)) return false;
  if (isClientError(error) || error.cause instanceof UpstreamRpcError) return true;
  const { versions } = error.details;
  return Array.isArray(versions) && versions.some((version) => isModernVersion(String(version)));
}

/**
 * Opens a conversation in the era that an administrator has set: the upstream is sent nothing of the other one. What it
 * speaks over HTTP, streamable or HTTP+SSE, is still found out. UPSTREAM_ERA_NOT_SPOKEN when its answer says that it does
 * not speak that era; the other DomainErrors as from `openLink`.
 */
export async function openLinkInEra(
  connection: UpstreamConnection,
  era: Era,
  options: LinkOptions,
): Promise<UpstreamLink> {
  return era === 'LEGACY' ? openInLegacy(connection, options) : openInModern(connection, options);
}

/** One sign of life in the era that is set; errors as from {@link openLinkInEra}. Nothing stays open. */
export async function checkEra(
  connection: UpstreamConnection,
  era: Era,
  signal?: AbortSignal,
): Promise<UpstreamIdentity> {
  const link = await openLinkInEra(connection, era, ownClient(connection, signal));
  await link.close();
  return { ...link.identity, sessionId: null };
}

async function openInLegacy(connection: UpstreamConnection, options: LinkOptions): Promise<UpstreamLink> {
  const spoken = { era: 'LEGACY', protocolVersion: null } as const;
  try {
    return await openLink(connection, spoken, options);
  } catch (error) {
    if (!refusesLegacy(error)) throw error;
    const failed = notSpoken(connection, 'LEGACY', error);
    if (connection.transport !== 'SSE') throw failed;
    // One that was found on HTTP+SSE may have been upgraded to streamable HTTP since.
    return openLink({ ...connection, transport: 'STREAMABLE_HTTP' }, spoken, options).catch(() => {
      throw failed;
    });
  }
}

async function openInModern(connection: UpstreamConnection, options: LinkOptions): Promise<UpstreamLink> {
  if (connection.transport === 'STDIO') {
    const link = await openModernStdioLink(connection, options);
    if (link === null) throw notSpoken(connection, 'MODERN');
    return link;
  }
  const http: HttpConnection = { ...connection, transport: 'STREAMABLE_HTTP' };
  const identity = await discover(http, createModernLink(http, LATEST_MODERN_VERSION), options.signal);
  if (identity === null) throw notSpoken(connection, 'MODERN');
  return createModernLink(http, identity.protocolVersion, identity);
}
