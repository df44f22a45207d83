import type { CancelSignal } from '#kernel';
import { buildUpstreamRequest, logLevels, type JsonObject, type ServerMessages, type UpstreamResponse } from '#mcp';
import type { ClientSession } from '../sessions/client-session.js';
import type { LinkEntry } from '../upstream-pool/link-entry.js';

const info = { name: 'gatehouse', version: '1' };

/** What {@link ownRequest} sends. */
export interface OwnRequest {
  readonly method: string;
  readonly params: JsonObject;
  /** What a modern upstream is told that the client can do; nothing unless given. */
  readonly capabilities?: JsonObject | undefined;
  readonly signal?: CancelSignal | undefined;
  /** Takes what belongs to the request and is not its answer. */
  readonly messages?: ServerMessages | undefined;
}

/** Sends a request of Gatehouse's own over a link; null when the upstream has ended its session. */
export async function ownRequest(
  entry: LinkEntry,
  { method, params, capabilities = {}, signal, messages }: OwnRequest,
): Promise<UpstreamResponse | null> {
  const link = entry.open;
  const message = { jsonrpc: '2.0', id: link.nextId() ?? 1, method, params } as const;
  const text = JSON.stringify(message);
  const received = { bytes: Buffer.from(text), text, message, headers: {} };
  const built = buildUpstreamRequest({
    clientEra: 'LEGACY',
    peer: link.identity,
    received,
    originalName: null,
    id: null,
    client: { info, capabilities },
    paramHeaders: [],
  });
  const reply = await link.call({ ...built, id: message.id, method, signal, messages });
  return reply.kind === 'response' ? reply : null;
}

/** Asks a legacy upstream for log messages from a level on. An upstream that refuses goes on as it likes. */
export async function setLevel(entry: LinkEntry, level: string): Promise<void> {
  if (entry.open.identity.era !== 'LEGACY' || entry.open.identity.capabilities['logging'] === undefined) return;
  entry.logLevel = level;
  await ownRequest(entry, { method: 'logging/setLevel', params: { level } }).catch(() => null);
}

/**
 * Asks for log messages from a level on, where the upstream does not send them yet. Links that several share go down to
 * the level that anybody wants; what reaches whom is sorted out when messages come.
 */
export function fitLevel(entry: LinkEntry, session: ClientSession | null, wanted: string): Promise<void> | undefined {
  const { logLevel } = entry;
  const isLower = logLevel === null || logLevels.indexOf(wanted) < logLevels.indexOf(logLevel);
  const isOther = session?.id === entry.owner && logLevel !== wanted;
  return isLower || isOther ? setLevel(entry, wanted) : undefined;
}
