import type { Gateway } from '../gateway.js';
import type { ClientSession } from '../sessions/client-session.js';

const bound = new WeakSet<ClientSession>();

/**
 * Lets the links of a session live with it: they end when it ends, and listen for what upstreams say by themselves as
 * soon as the client does.
 */
export function bindLinks({ links }: Gateway, session: ClientSession): void {
  if (bound.has(session)) return;
  bound.add(session);
  const { id } = session;
  session.onClose(() => links.closeOwner(id));
  session.onStream(() => {
    for (const { open } of links.of(id)) open.listen();
  });
}
