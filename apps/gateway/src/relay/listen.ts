import type { CancelSignal } from '#kernel';
import { jsonRpcResult, META, withSubscriptionId, type JsonObject, type JsonRpcId } from '#mcp';
import type { UpstreamTarget } from '#snapshot';
import { acceptsEventStream } from '../http/accepts-event-stream.js';
import type { Gateway } from '../gateway.js';
import { CallError } from '../pipeline/call-error.js';
import type { Answer, ConformingCall } from '../pipeline/calls.js';
import { beginHeld, linkClaimOf, lostSince, recheckOf } from '../pipeline/claim.js';
import { ownUpstream } from './endpoint-upstreams.js';
import { hearLists } from './hear-lists.js';
import { levelTeller } from './level-teller.js';
import { linkOwnerOf } from './link-owners.js';
import { listChangedText, listKinds, type ListKind } from './list-kinds.js';
import { acknowledgement, honouredOf, type Honoured } from './listen-filter.js';
import { listenToTasks } from './listen-tasks.js';
import { shownUpdate } from './shown-update.js';
import { keepWatching } from './watch-resource.js';

/** Refuses (406) who asks to be told something and takes no stream: the answer would never come. */
export function requireStream({ posted }: ConformingCall): void {
  if (!acceptsEventStream(posted.request.headers.accept))
    throw new CallError('MALFORMED_REQUEST', 'Accept text/event-stream: the answer is one.', { status: 406 });
}

/** Says nothing before the acknowledgement, and everything about one thing no faster than the client reads. */
class Teller {
  readonly #client: ConformingCall['client'];
  readonly #level: ReturnType<typeof levelTeller>;
  #begin: (taken: void | Promise<void>) => void = () => undefined;

  constructor(
    { config, logger }: Gateway,
    { client, posted }: ConformingCall,
    private readonly id: JsonRpcId,
  ) {
    this.#client = client;
    this.#level = levelTeller((text) => client.notify(text), {
      after: new Promise((resolve) => (this.#begin = resolve)),
      maxWaiting: config.mcp.maxStreamBacklog,
      exceeded: () => {
        logger.info({ requestId: posted.requestId }, 'a client was too slow for what it listens to and was cut');
        client.cut();
      },
    });
  }

  /**
   * @param broader says that something changed of which this is a part, for who is far behind
   * @returns a promise where it makes no sense to say more before it resolves
   */
  tell(text: string, params?: JsonObject, about?: string, broader?: string): void | Promise<void> {
    const marked = withSubscriptionId(text, params, this.id);
    return this.#level(
      marked,
      about,
      broader === undefined ? undefined : withSubscriptionId(broader, undefined, this.id),
    );
  }

  acknowledge(text: string): void {
    this.#begin(this.#client.notify(withSubscriptionId(text, undefined, this.id)));
  }
}

/** The same promise, that rejects with the signal's reason when that comes first. */
const unlessAborted = <T>(signal: CancelSignal, promise: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    promise.then(resolve, reject);
  });

async function run(gateway: Gateway, call: ConformingCall, honoured: Honoured, id: JsonRpcId): Promise<void> {
  const { client, posted, tokenHash } = call;
  const teller = new Teller(gateway, call, id);
  const tell: Teller['tell'] = (...said) => teller.tell(...said);
  const running = beginHeld(gateway, call, linkClaimOf(call, null));
  client.onGone((reason) => running.abort(reason));
  const listener = {
    tokenHash,
    route: posted.route,
    capabilities: client.capabilities,
    listChanged: (kind: ListKind) => {
      if (honoured.kinds.has(kind)) void tell(listChangedText(kind), undefined, kind);
    },
  };
  const tasks = honoured.tasks.size === 0 ? null : listenToTasks(gateway, call, honoured.tasks, tell);
  const stops = [
    gateway.listChanges.add(listener),
    ...hearAll(gateway, call, honoured, tell),
    ...watchAll(gateway, call, honoured, tell),
  ];
  if (tasks !== null) stops.push(() => tasks.stop());
  try {
    // A client that is told of a task need not ask for it, so no task is promised that its upstream says nothing of.
    const agreed = tasks === null ? noTasks : await unlessAborted(running.signal, tasks.agreed);
    teller.acknowledge(acknowledgement(honoured, agreed));
    await gateway.listeners.ended(running.signal);
  } finally {
    for (const stop of stops) stop();
    running.end();
  }
}

const noTasks: ReadonlySet<string> = new Set();

/**
 * Serves one stream: first what is honoured, then everything that happens, marked with the id of the request. Resolves
 * when the stream ends by itself; rejects when its client leaves or its right is lost.
 */
export async function serveListen(gateway: Gateway, call: ConformingCall): Promise<Answer> {
  const { id } = call.message.received.message;
  const { maxListeners } = gateway.config.gateway;
  requireStream(call);
  const honoured = honouredOf(gateway, call);
  const release = gateway.listeners.enter(call.principal.tokenId, maxListeners);
  try {
    await run(gateway, call, honoured, id);
  } finally {
    release();
  }
  return endOfListening(gateway, call);
}

/** The answer with which a stream ends in good order (2026-07-28, Subscriptions). */
export function endOfListening({ serverInfo }: Gateway, call: ConformingCall): Answer {
  const { id } = call.message.received.message;
  const meta = { [META.subscriptionId]: id, [META.serverInfo]: serverInfo };
  const body = jsonRpcResult(id, JSON.stringify({ resultType: 'complete', _meta: meta }));
  return { status: 200, body, outcome: 'ALLOWED', reason: null };
}

/** On a pass-through to a legacy upstream: what it says about its lists, in its own words. */
function hearAll(gateway: Gateway, call: ConformingCall, { kinds }: Honoured, tell: Teller['tell']): (() => void)[] {
  const upstream = ownUpstream(call.endpoint);
  if (upstream === null || upstream.era === 'MODERN' || kinds.size === 0) return [];
  const owner = (target: UpstreamTarget) =>
    linkOwnerOf(gateway, call, target, { era: 'LEGACY', protocolVersion: target.protocolVersion });
  const hear = hearLists(gateway, upstream, owner, ({ message, text }) => {
    const kind = listKinds.find((one) => message.method === `notifications/${one}/list_changed`);
    if (kind !== undefined && kinds.has(kind)) void tell(text, message.params, kind);
  });
  return [hear];
}

const updatedText = (uri: string): string =>
  JSON.stringify({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri } });

/** Subscribes to every honoured resource at its upstream. */
function watchAll(
  gateway: Gateway,
  call: ConformingCall,
  { resources }: Honoured,
  tell: Teller['tell'],
): (() => void)[] {
  return [...resources].map(([uri, target]) => {
    const { originalName, upstream } = target;
    const whole = updatedText(uri);
    const stopWatching = keepWatching(gateway, {
      upstream,
      owner: (now, spoken) => linkOwnerOf(gateway, call, now, spoken),
      uri: originalName,
      client: call,
      onUpdate: (raw) => {
        const shown = shownUpdate(gateway, call, target, raw);
        if (shown === null) return;
        const isWhole = shown.uri === uri;
        void tell(shown.text, shown.params, updatedText(shown.uri), isWhole ? undefined : whole);
      },
    });
    // The resource may be taken away while the rest stays.
    const claim = { ...linkClaimOf(call, upstream.id), object: { rule: readRule, name: uri } };
    const recheck = recheckOf(claim, gateway.snapshots, gateway.clock);
    if (lostSince(gateway, call, recheck) !== null) stopWatching();
    const run = gateway.running.begin(recheck);
    run.signal.addEventListener('abort', stopWatching, { once: true });
    return () => {
      run.end();
      stopWatching();
    };
  });
}

const readRule = { kind: 'RESOURCE', action: 'execute', eras: ['MODERN'], audited: true } as const;
