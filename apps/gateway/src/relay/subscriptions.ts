import type { ClientSession } from '../sessions/client-session.js';

/** The resources that legacy sessions are subscribed to, by the URI that the client used. */
export class Subscriptions {
  readonly #bySession = new WeakMap<ClientSession, Map<string, () => void>>();

  /** What ends each subscription of a session; all of them end with it. */
  of(session: ClientSession): Map<string, () => void> {
    let watched = this.#bySession.get(session);
    if (watched === undefined) {
      const made = new Map<string, () => void>();
      this.#bySession.set(session, made);
      session.onClose(() => {
        for (const stop of made.values()) stop();
      });
      watched = made;
    }
    return watched;
  }
}
