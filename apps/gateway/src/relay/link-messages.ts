import {
  askable,
  exposeNotification,
  exposeServerRequest,
  memberValue,
  mayAskClient,
  originalNotification,
  originalOutcome,
  reachesLevel,
  type JsonRpcId,
  type JsonRpcNotification,
  type JsonRpcRequest,
  type RawMessage,
  type RequestOutcome,
  type ServerMessages,
} from '#mcp';
import type { ClientSession } from '../sessions/client-session.js';
import type { LinkEntry } from '../upstream-pool/link-entry.js';
import type { ServerNames } from './exposure.js';
import { methodNotFound, ServerAsks } from './server-asks.js';

/** What the messages of a link that belong to no call are relayed with. */
export interface LinkTraffic {
  /** Null: the link belongs to no legacy session, so nobody can be told anything by itself. */
  readonly session: ClientSession | null;
  readonly exposure: ServerNames;
  readonly passThrough: boolean;
  readonly inputTimeoutMs: number;
  /** Principals share the link: what names no call could be anybody's, and goes to nobody. */
  readonly shared: boolean;
  /** The upstream says that a list of its changed. */
  listChanged(): void;
}

const listChanges = /^notifications\/(tools|prompts|resources)\/list_changed$/;

/** Sorts what an upstream says outside of a call's own stream: to the call it is about, or to the client's session. */
export class LinkMessages implements ServerMessages {
  readonly #asks = new ServerAsks();

  constructor(
    private readonly entry: LinkEntry,
    private readonly traffic: LinkTraffic,
  ) {}

  notification(raw: RawMessage<JsonRpcNotification>): void | Promise<void> {
    const { message, text } = raw;
    const { method, params } = message;
    if (listChanges.test(method)) {
      this.traffic.listChanged();
      this.entry.listChanged(raw);
      if (this.traffic.passThrough) this.#tell(text, message);
      return undefined;
    }
    switch (method) {
      case 'notifications/progress':
        return this.entry.calls.get(params?.['progressToken'] as JsonRpcId)?.notification(raw);
      case 'notifications/message':
        return this.#log(raw);
      case 'notifications/resources/updated': {
        const uri = params?.['uri'];
        const watched = typeof uri === 'string' && this.entry.updated(uri, raw);
        // Sessions that share a process watch one by one.
        const isProcess = this.entry.target.transport === 'STDIO';
        if (!watched && this.traffic.passThrough && !isProcess) this.#tell(text, message);
        return undefined;
      }
      case 'notifications/cancelled':
        this.#asks.cancel(params?.['requestId']);
        return this.#newestCall()?.notification(raw);
      case 'notifications/tasks/status':
        // Of a task that no call of this link has named nobody has the id.
        if (this.traffic.passThrough || this.entry.toolOf(String(params?.['taskId'])) !== undefined)
          this.#tell(text, message);
        return undefined;
      case 'notifications/elicitation/complete':
        this.#tell(text, message);
        return undefined;
      default:
        if (this.traffic.passThrough) this.#tell(text, message);
        return undefined;
    }
  }

  async request(raw: RawMessage<JsonRpcRequest>): Promise<RequestOutcome> {
    // A transport with one stream for everything does not say which call a question belongs to.
    const call = this.#newestCall();
    if (call !== null) return call.request(raw);
    const { message, text } = raw;
    const { exposure, passThrough, session, inputTimeoutMs } = this.traffic;
    const { id, method, params } = message;
    const isUnknown = passThrough && !askable.has(method);
    if (session === null || !(isUnknown || mayAskClient(method, params, session.capabilities)))
      return methodNotFound(method);
    const paramsText = exposeServerRequest(memberValue(text, 'params') ?? '{}', params, exposure);
    const tell = (told: string) => void this.entry.open.notify(originalNotification(told, exposure));
    const outcome = await this.#asks.run(id, null, inputTimeoutMs, (until) =>
      session.ask(method, paramsText, until, tell),
    );
    return originalOutcome(outcome, exposure);
  }

  #newestCall(): ServerMessages | null {
    if (this.traffic.shared) return null;
    let newest: ServerMessages | null = null;
    for (const call of this.entry.calls.values()) newest = call;
    return newest;
  }

  #log(raw: RawMessage<JsonRpcNotification>): void | Promise<void> {
    const { session } = this.traffic;
    if (session?.hasStream !== true) return this.#newestCall()?.notification(raw);
    if (session.logLevel === null || reachesLevel(raw.message.params?.['level'], session.logLevel))
      this.#tell(raw.text, raw.message);
    return undefined;
  }

  #tell(text: string, message: JsonRpcNotification): void {
    this.traffic.session?.notify(exposeNotification(text, message, this.traffic.exposure));
  }
}
