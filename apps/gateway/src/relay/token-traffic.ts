import type { ClientSession } from '../sessions/client-session.js';
import type { LinkTraffic } from './link-messages.js';

/** What a caller of a link is told with. */
export type TrafficView = Pick<LinkTraffic, 'session' | 'exposure' | 'passThrough'>;

/**
 * What a link is relayed with that the sessions of one token share, because its upstream is a process: what the upstream
 * says by itself goes to the session that used the link last, of those that listen if any does.
 */
export class TokenTraffic implements LinkTraffic {
  readonly shared = false;
  /** The one that used the link last is last. */
  readonly #views = new Map<ClientSession, TrafficView>();

  constructor(
    private readonly first: TrafficView,
    readonly inputTimeoutMs: number,
    private readonly onListChanged: () => void,
  ) {
    this.use(first);
  }

  get session(): ClientSession | null {
    return this.#newest.session;
  }

  get exposure(): LinkTraffic['exposure'] {
    return this.#newest.exposure;
  }

  get passThrough(): boolean {
    return this.#newest.passThrough;
  }

  listChanged(): void {
    this.onListChanged();
  }

  use(view: TrafficView): void {
    const { session } = view;
    if (session === null || session.closed) return;
    this.#views.delete(session);
    this.#views.set(session, view);
  }

  leave(session: ClientSession): void {
    this.#views.delete(session);
  }

  get #newest(): TrafficView {
    let live: TrafficView | null = null;
    let listening: TrafficView | null = null;
    for (const [session, view] of this.#views) {
      if (session.closed) continue;
      live = view;
      if (session.hasStream) listening = view;
    }
    return listening ?? live ?? { ...this.first, session: null };
  }
}
