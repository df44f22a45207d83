import type { Era } from '#contracts';
import {
  askable,
  exposeNotification,
  exposeServerRequest,
  fitServerRequest,
  isObject,
  mayAskClient,
  memberValue,
  META,
  originalNotification,
  originalOutcome,
  reachesLevel,
  withParams,
  type InputRequest,
  type JsonObject,
  type JsonRpcId,
  type JsonRpcNotification,
  type JsonRpcRequest,
  type RawMessage,
  type RequestOutcome,
  type ServerMessages,
} from '#mcp';
import { newId } from '#kernel';
import type { ClientPort } from './client-port.js';
import type { ServerNames } from './exposure.js';
import { ProgressGate } from './progress-gate.js';
import { methodNotFound, ServerAsks } from './server-asks.js';

/** What the upstream's messages of one call are relayed with. */
export interface CallTraffic {
  readonly clientEra: Era;
  readonly upstreamEra: Era;
  /** A pass-through relays what it does not know, between peers of one era. */
  readonly passThrough: boolean;
  /**
   * Principals share the upstream's process: it was told of no client that could be asked, what names no call may be
   * about somebody else's, and no client may hold up the others.
   */
  readonly shared: boolean;
  readonly exposure: ServerNames;
  /** As the client sent it; null: it wants no progress. */
  readonly clientToken: JsonRpcId | null;
  readonly abortSignal: AbortSignal;
  readonly inputTimeoutMs: number;
  /** Takes a question to a client that can only be asked by a result (2026-07-28); null: it is asked directly. */
  readonly park: ((request: Omit<InputRequest, 'key'>) => Promise<RequestOutcome>) | null;
  /** The upstream says that a list of its changed. */
  listChanged(raw: RawMessage<JsonRpcNotification>): void;
  /** Tells the upstream something about a question of its. */
  notifyUpstream(text: string): void;
}

/** What finds its call on a process that principals share: by its token; and what is no secret of any call. */
const ofAnyone = new Set([
  'notifications/progress',
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
  'notifications/resources/list_changed',
]);

/** The link has brought it here because this is the request that it names (2026-07-28, Subscriptions). */
const namesSubscription = (params: JsonObject | undefined): boolean => {
  const meta = params?.['_meta'];
  return isObject(meta) && meta[META.subscriptionId] !== undefined;
};

/** Carries what an upstream says during one call to the client of that call. */
export class CallMessages implements ServerMessages {
  /** The client of the request under way; null while it makes up its mind about an answer (a parked call). */
  client: ClientPort | null;
  #progress: ProgressGate | null = null;
  #asks: ServerAsks | null = null;
  /** The client has not taken what it was told last; counts where the upstream is shared. */
  #isBehind = false;

  /** @param sentToken the progress token that the upstream was told */
  constructor(
    private readonly traffic: CallTraffic,
    client: ClientPort,
    private readonly sentToken: JsonRpcId | null,
  ) {
    this.client = client;
  }

  notification(raw: RawMessage<JsonRpcNotification>): void | Promise<void> {
    const { message, text } = raw;
    const { method, params } = message;
    if (this.traffic.shared && !ofAnyone.has(method) && !namesSubscription(params)) return undefined;
    switch (method) {
      case 'notifications/progress':
        this.#progress ??= new ProgressGate(this.sentToken);
        return this.#progress.passes(params, Date.now()) ? this.#tellProgress(text, message) : undefined;
      case 'notifications/message':
        return this.#wantsLog(params?.['level']) ? this.#notify(text, message) : undefined;
      case 'notifications/cancelled':
        this.#asks?.cancel(params?.['requestId']);
        return undefined;
      case 'notifications/tools/list_changed':
      case 'notifications/prompts/list_changed':
      case 'notifications/resources/list_changed':
        this.traffic.listChanged(raw);
        return this.#sameWords ? this.#notify(text, message) : undefined;
      case 'notifications/elicitation/complete':
      case 'notifications/tasks/status':
        return this.traffic.clientEra === 'LEGACY' ? this.#notify(text, message) : undefined;
      default:
        return this.#sameWords ? this.#notify(text, message) : undefined;
    }
  }

  async request({ message, text }: RawMessage<JsonRpcRequest>): Promise<RequestOutcome> {
    const { id, method, params } = message;
    const { client, traffic } = this;
    const { park, shared, inputTimeoutMs } = traffic;
    if (shared) return methodNotFound(method);
    const capabilities = client?.capabilities ?? {};
    const isUnknown = this.#sameWords && !askable.has(method);
    if (!mayAskClient(method, params, capabilities) && !isUnknown) return methodNotFound(method);
    const sent = memberValue(text, 'params') ?? '{}';
    const fitted = fitServerRequest(method, sent, params, traffic.clientEra, newId);
    const names = traffic.exposure;
    const paramsText = exposeServerRequest(fitted, params, names);
    if (park !== null) return originalOutcome(await park({ method, params, paramsText }), names);
    if (client?.canAsk !== true) return methodNotFound(method);
    this.#asks ??= new ServerAsks();
    const tell = (told: string) => traffic.notifyUpstream(originalNotification(told, names));
    const outcome = await this.#asks.run(id, traffic.abortSignal, inputTimeoutMs, (until) =>
      client.ask(method, paramsText, until, tell),
    );
    return originalOutcome(outcome, names);
  }

  suspended(retryMs: number): void {
    this.client?.suspend(retryMs);
  }

  /** Whether words that Gatehouse does not know mean the same to both sides. */
  get #sameWords(): boolean {
    const { clientEra, passThrough, upstreamEra } = this.traffic;
    return passThrough && clientEra === upstreamEra;
  }

  #notify(text: string, message: JsonRpcNotification): void | Promise<void> {
    const { exposure, shared } = this.traffic;
    if (shared && this.#isBehind) return undefined;
    const told = this.client?.notify(exposeNotification(text, message, exposure));
    if (!shared || !told) return told;
    this.#isBehind = true;
    void told.then(() => (this.#isBehind = false));
    return undefined;
  }

  #tellProgress(text: string, message: JsonRpcNotification): void | Promise<void> {
    const { clientToken } = this.traffic;
    if (clientToken === null) return undefined;
    const isSame = clientToken === this.sentToken;
    return this.#notify(isSame ? text : withParams(text, { progressToken: JSON.stringify(clientToken) }), message);
  }

  /** Legacy clients hear everything until they set a level; modern ones what the request asks for. */
  #wantsLog(level: unknown): boolean {
    const wanted = this.client?.logLevel ?? null;
    return wanted === null ? this.traffic.clientEra === 'LEGACY' : reachesLevel(level, wanted);
  }
}
