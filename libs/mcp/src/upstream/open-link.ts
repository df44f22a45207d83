import type { Era } from '#contracts';
import { LATEST_MODERN_VERSION } from '../era/protocol-versions.js';
import { openStdioLink } from '../stdio/open-stdio-link.js';
import { discover, isClientError } from './discover.js';
import { openLegacyLink } from './legacy-link.js';
import { createModernLink } from './modern-link.js';
import { openSseLink } from './sse-link.js';
import type { HttpConnection, UpstreamConnection } from './upstream-connection.js';
import type { LinkOptions, UpstreamLink } from './upstream-link.js';

/** An era, and the revision of it that an upstream speaks where that is known. */
export interface Spoken {
  readonly era: Era;
  readonly protocolVersion: string | null;
}

/**
 * Opens a conversation with an upstream over its transport. With `spoken` null it is asked what it speaks (docs/protocol-support.md):
 * `server/discover` first, only evidence for the legacy era leads to `initialize`, and only a 4xx to that leads to
 * HTTP+SSE; the link's identity says what was found. Throws the DomainErrors of the error table.
 */
export async function openLink(
  connection: UpstreamConnection,
  spoken: Spoken | null,
  options: LinkOptions,
): Promise<UpstreamLink> {
  if (connection.transport === 'STDIO') return openStdioLink(connection, spoken, options);
  if (connection.transport === 'SSE') return openSse(connection, spoken, options);
  if (spoken?.era === 'MODERN') return createModernLink(connection, spoken.protocolVersion ?? LATEST_MODERN_VERSION);
  if (spoken?.era === 'LEGACY') return openSomeLegacyLink(connection, options);
  const modern = createModernLink(connection, LATEST_MODERN_VERSION);
  const identity = await discover(connection, modern, options.signal);
  if (identity !== null) return createModernLink(connection, identity.protocolVersion, identity);
  return openSomeLegacyLink(connection, options);
}

/** An upstream that was found on HTTP+SSE may have been upgraded since; a probe notices, a call does not ask. */
async function openSse(connection: HttpConnection, spoken: Spoken | null, options: LinkOptions): Promise<UpstreamLink> {
  try {
    return await openSseLink(connection, options);
  } catch (error) {
    if (spoken !== null || !isClientError(error)) throw error;
    try {
      return await openLink({ ...connection, transport: 'STREAMABLE_HTTP' }, null, options);
    } catch {
      throw error;
    }
  }
}

async function openSomeLegacyLink(connection: HttpConnection, options: LinkOptions): Promise<UpstreamLink> {
  try {
    return await openLegacyLink(connection, options);
  } catch (error) {
    if (!isClientError(error)) throw error;
    try {
      return await openSseLink({ ...connection, transport: 'SSE' }, options);
    } catch {
      // It is no server of 2024-11-05 either, so the first answer says more.
      throw error;
    }
  }
}
