import type { Gateway } from '../gateway.js';
import type { ClientSession } from '../sessions/client-session.js';
import type { LinkEntry } from '../upstream-pool/link-entry.js';
import type { TokenTraffic } from './token-traffic.js';

/** The links that a session shares with others of its token, and what ends its part in each. */
const joined = new WeakMap<ClientSession, Map<LinkEntry, () => void>>();

/** The open links that a session uses: its own, and those that it shares. */
export function* linksOf({ links }: Gateway, session: ClientSession): Iterable<LinkEntry> {
  yield* links.of(session.id);
  for (const entry of joined.get(session)?.keys() ?? []) if (entry.link?.closed === false) yield entry;
}

/**
 * Lets the links of a session live with it: its own end when it ends, and all listen for what upstreams say by
 * themselves as soon as the client does.
 */
export function bindLinks(gateway: Gateway, session: ClientSession): void {
  if (joined.has(session)) return;
  const leaving = new Map<LinkEntry, () => void>();
  joined.set(session, leaving);
  session.onClose(() => {
    gateway.links.closeOwner(session.id);
    for (const leave of leaving.values()) leave();
  });
  session.onStream(() => {
    for (const { open } of linksOf(gateway, session)) open.listen();
  });
}

/** The session uses an open link that it shares with others; the link outlives it. */
export function joinLink(gateway: Gateway, session: ClientSession, entry: LinkEntry, traffic: TokenTraffic): void {
  bindLinks(gateway, session);
  const leaving = joined.get(session);
  if (session.closed || leaving === undefined || leaving.has(entry)) return;
  const leave = () => {
    leaving.delete(entry);
    deafen();
    traffic.leave(session);
  };
  const deafen = entry.onLost(leave);
  leaving.set(entry, leave);
}
