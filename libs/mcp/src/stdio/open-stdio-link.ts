import type { Era } from '#contracts';
import { LATEST_MODERN_VERSION } from '../era/protocol-versions.js';
import { discover } from '../upstream/discover.js';
import { refusalError, UpstreamRpcError } from '../upstream/refusals.js';
import type { StdioConnection } from '../upstream/upstream-connection.js';
import type { LinkOptions, UpstreamLink } from '../upstream/upstream-link.js';
import { StdioLink } from './stdio-link.js';

/** How long a server may think about `server/discover` before it is taken for one that does not know it. */
const DISCOVER_MS = 5000;

/**
 * Starts a stdio upstream: asks `server/discover`, then `initialize` in the same process, or in a new one where the first
 * could not bear the question. With a known era one step is left out. Nothing runs after a failure.
 */
export async function openStdioLink(
  connection: StdioConnection,
  spoken: { readonly era: Era; readonly protocolVersion: string | null } | null,
  options: LinkOptions,
): Promise<UpstreamLink> {
  let link = new StdioLink(connection, options);
  try {
    if (spoken?.era === 'MODERN') {
      link.speak({ ...link.identity, protocolVersion: spoken.protocolVersion ?? LATEST_MODERN_VERSION });
      return link;
    }
    if (spoken === null) {
      const identity = await asked(connection, link, options.signal);
      if (identity !== null) {
        link.speak(identity);
        return link;
      }
      if (link.closed) {
        await link.close();
        link = new StdioLink(connection, options);
      }
    }
    await link.initialize();
    return link;
  } catch (error) {
    await link.close();
    throw error instanceof UpstreamRpcError ? refusalError(connection, error, 'initialize') : error;
  }
}

/**
 * Starts a stdio upstream and asks `server/discover`, and nothing else; null when the answer says that it is of the legacy
 * era. Nothing runs after that, or after a failure.
 */
export async function openModernStdioLink(
  connection: StdioConnection,
  options: LinkOptions,
): Promise<UpstreamLink | null> {
  const link = new StdioLink(connection, options);
  let isOpen = false;
  try {
    const identity = await discover(connection, link, options.signal);
    if (identity === null) return null;
    link.speak(identity);
    isOpen = true;
    return link;
  } finally {
    if (!isOpen) await link.close();
  }
}

async function asked(connection: StdioConnection, link: StdioLink, signal: AbortSignal | undefined) {
  const timeout = AbortSignal.timeout(Math.min(DISCOVER_MS, connection.timeoutMs));
  try {
    return await discover(connection, link, signal ? AbortSignal.any([signal, timeout]) : timeout, true);
  } catch (error) {
    if (timeout.aborted && signal?.aborted !== true) return null;
    throw error;
  }
}
