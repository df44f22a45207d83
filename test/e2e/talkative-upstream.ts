import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { capabilitiesOf, finished, taskOf, type TalkativeEra } from './talkative-offers.js';
import {
  askingUri,
  definitions,
  InputNeeded,
  run,
  textResult,
  watchedUri as uri,
  type Tools,
} from './talkative-tools.js';

type Json = Record<string, unknown>;

/** An MCP server of one era that uses everything a server may say to its client. */
export class TalkativeUpstream implements AsyncDisposable {
  /** Requests as they came: their method, headers and params. */
  readonly seen: { readonly method: string; readonly headers: IncomingMessage['headers']; readonly params: Json }[] =
    [];
  /** Notifications and answers of the client side. */
  readonly heard: Json[] = [];
  readonly extraTools: string[] = [];
  readonly extraPrompts: string[] = [];
  readonly extraResources: string[] = [];
  /** Calls whose client cancelled. */
  cancelled = 0;
  /** By a name of their own: the stream, and the id of the listen request that opened it. */
  readonly #streams = new Map<string, { readonly response: ServerResponse; readonly listenId: unknown }>();
  readonly #asks = new Map<string, (answer: Json) => void>();
  readonly #running = new Map<string, AbortController>();
  /** The state of each task, by its id. */
  readonly tasks = new Map<string, string>();
  /** What a task asks its client for. */
  readonly taskQuestions = new Map<string, Json>();
  /** By session (legacy) or by the name of the listen stream (modern). */
  readonly #subscribed = new Map<string, Set<string>>();
  readonly #forgotten = new Set<string>();
  #lastAsk = 0;
  readonly #server = createServer(
    (request, response) => void this.#serve(request, response).catch(() => response.destroy()),
  );

  readonly era: TalkativeEra;

  constructor(era: TalkativeEra) {
    this.era = era;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/mcp`;
  }

  /** Streams for unsolicited messages (legacy) or listen streams (modern) that are open. */
  get streams(): number {
    return this.#streams.size;
  }

  /** URIs of resources and ids of tasks. */
  get subscriptions(): ReadonlySet<string> {
    return new Set([...this.#subscribed.values()].flatMap((uris) => Array.from(uris)));
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  /**
   * Says to everybody who subscribed to a resource that it changed, or what has.
   * @param told the other members of `params`
   */
  update(changed = uri, told: Json = {}, subscribed = uri): void {
    const params = { uri: changed, ...told };
    this.#broadcast({ jsonrpc: '2.0', method: 'notifications/resources/updated', params }, (key) =>
      Boolean(this.#subscribed.get(key)?.has(subscribed)),
    );
  }

  /** Changes a task, and says so to everybody who listens to it, or to whom it pleases. */
  changeTask(taskId: string, status: string, more: Json = {}, isTold?: boolean): void {
    this.tasks.set(taskId, status);
    const params = { ...this.#taskOf(taskId), ...more };
    const isFor = (key: string) => isTold ?? Boolean(this.#subscribed.get(key)?.has(taskId));
    this.#broadcast({ jsonrpc: '2.0', method: 'notifications/tasks', params }, isFor);
  }

  /** Changes a core task, and says so to everybody who listens: it is for them to know whose task it is. */
  changeCoreTask(taskId: string, status: string, told: Json = {}): void {
    this.tasks.set(taskId, status);
    const params = { ...this.#taskOf(taskId), lastUpdatedAt: 'now', ...told };
    this.#broadcast({ jsonrpc: '2.0', method: 'notifications/tasks/status', params });
  }

  /** Offers one more tool and says so. */
  addTool(name: string): void {
    this.extraTools.push(name);
    this.#broadcast({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
  }

  /** Offers one more prompt and says so. */
  addPrompt(name: string): void {
    this.extraPrompts.push(name);
    this.#broadcast({ jsonrpc: '2.0', method: 'notifications/prompts/list_changed' });
  }

  /** Offers one more resource and says so. */
  addResource(one: string): void {
    this.extraResources.push(one);
    this.#broadcast({ jsonrpc: '2.0', method: 'notifications/resources/list_changed' });
  }

  /** Knows no longer (404) whoever listens now. */
  forgetSessions(): void {
    for (const [session, { response }] of this.#streams) {
      this.#forgotten.add(session);
      response.end();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #broadcast(message: Json, isFor: (key: string) => boolean = () => true): void {
    for (const [key, { response, listenId }] of this.#streams) {
      if (!isFor(key)) continue;
      const _meta = { 'io.modelcontextprotocol/subscriptionId': listenId };
      const given = message['params'] as Json | undefined;
      const all = { ...(given?.['_meta'] as Json | undefined), ..._meta };
      const params = { ...given, ...(this.era === 'legacy' ? {} : { _meta: all }) };
      this.#write(response, { ...message, params });
    }
  }

  #write(response: ServerResponse, message: Json): void {
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`data: ${JSON.stringify(message)}\n\n`);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const session = String(request.headers['mcp-session-id'] ?? '');
    if (this.#forgotten.has(session)) return void response.writeHead(404).end();
    if (request.method === 'DELETE') {
      this.#subscribed.delete(session);
      return void response.writeHead(200).end();
    }
    if (request.method === 'GET') {
      if (this.era === 'modern') return void response.writeHead(405).end();
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': open\n\n');
      this.#streams.set(session, { response, listenId: null });
      response.on('close', () => this.#streams.delete(session));
      return;
    }
    const message = JSON.parse(await readText(request)) as Json;
    if (!('method' in message)) {
      this.heard.push(message);
      this.#asks.get(String(message['id']))?.((message['result'] ?? { error: message['error'] }) as Json);
      return void response.writeHead(202).end();
    }
    const method = String(message['method']);
    const params = (message['params'] ?? {}) as Json;
    this.seen.push({ method, headers: request.headers, params });
    if (!('id' in message)) {
      this.heard.push(message);
      if (method === 'notifications/cancelled') this.#running.get(`${session} ${String(params['requestId'])}`)?.abort();
      return void response.writeHead(202).end();
    }
    if (this.era === 'modern' && request.headers['mcp-method'] !== method)
      return this.#json(response, message, { error: { code: -32020, message: 'Mcp-Method' } }, 400);
    await this.#request(message, method, params, session, response);
  }

  #json(response: ServerResponse, message: Json, body: Json, status = 200, headers = {}): void {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ jsonrpc: '2.0', id: message['id'], ...body }));
  }

  async #request(
    message: Json,
    method: string,
    params: Json,
    session: string,
    response: ServerResponse,
  ): Promise<void> {
    const reply = (result: Json) => this.#json(response, message, { result: finished(this.era, result) });
    const cache = this.era === 'modern' ? { ttlMs: 0, cacheScope: 'private' } : {};
    const info = { name: 'talkative', version: '1', vendor: 'kept' };
    switch (method) {
      case 'initialize': {
        const id = randomUUID();
        const result = {
          protocolVersion: params['protocolVersion'],
          capabilities: capabilitiesOf(this.era),
          serverInfo: info,
          vendorField: 1,
        };
        return this.#json(response, message, { result }, 200, { 'mcp-session-id': id });
      }
      case 'server/discover':
        if (this.era === 'legacy') return this.#json(response, message, { error: { code: -32601, message: 'no' } });
        return reply({ supportedVersions: ['2026-07-28'], capabilities: capabilitiesOf(this.era), ...cache });
      case 'tools/list':
        return reply({ tools: definitions(this.extraTools), ...cache });
      case 'prompts/list':
        return reply({
          prompts: [{ name: 'greet', arguments: [{ name: 'who' }] }, ...this.extraPrompts.map((name) => ({ name }))],
          ...cache,
        });
      case 'resources/list':
        return reply({
          resources: [
            { uri, name: 'watched' },
            { uri: 'ui://talk/page', name: 'page', mimeType: 'text/html;profile=mcp-app' },
            ...this.extraResources.map((one) => ({ uri: one, name: one })),
          ],
          ...cache,
        });
      case 'resources/templates/list':
        return reply({ resourceTemplates: [{ uriTemplate: 'talk://{id}/data', name: 't' }], ...cache });
      case 'prompts/get':
        return this.#call(message, params, session, response);
      case 'resources/read':
        if (params['uri'] === askingUri) return this.#call(message, { ...params, name: askingUri }, session, response);
        return reply({ contents: [{ uri: params['uri'], text: 'x' }], ...cache });
      case 'ping':
      case 'logging/setLevel':
        return reply({});
      case 'resources/subscribe':
        this.#subscribe(session, String(params['uri']));
        return reply({});
      case 'resources/unsubscribe':
        this.#subscribed.get(session)?.delete(String(params['uri']));
        return reply({});
      case 'completion/complete':
        return reply({ completion: { values: [JSON.stringify(params['ref']), JSON.stringify(params['argument'])] } });
      case 'subscriptions/listen':
        return this.#listen(message, params, response);
      case 'tools/call':
        return this.#call(message, params, session, response);
      default:
        // Core tasks have no updates.
        return method.startsWith('tasks/') && !(this.era === 'legacy' && method === 'tasks/update')
          ? this.#task(message, method, params, response)
          : this.#json(
              response,
              message,
              { error: { code: -32601, message: `no ${method}` } },
              this.era === 'modern' ? 404 : 200,
            );
    }
  }

  #listen(message: Json, { notifications }: Json, response: ServerResponse): void {
    const key = randomUUID();
    const { taskIds } = notifications as { taskIds?: string[] };
    const known = (taskIds ?? []).filter((id) => this.tasks.has(id));
    const honoured = { ...(notifications as Json), ...(taskIds === undefined ? {} : { taskIds: known }) };
    this.#write(response, {
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: honoured, _meta: { 'io.modelcontextprotocol/subscriptionId': message['id'] } },
    });
    const uris = ((notifications as Json)['resourceSubscriptions'] ?? []) as string[];
    for (const one of [...uris, ...known]) this.#subscribe(key, one);
    this.#streams.set(key, { response, listenId: message['id'] });
    response.on('close', () => {
      this.#streams.delete(key);
      this.#subscribed.delete(key);
    });
  }

  #subscribe(key: string, one: string): void {
    this.#subscribed.set(key, (this.#subscribed.get(key) ?? new Set()).add(one));
  }

  #task(message: Json, method: string, params: Json, response: ServerResponse): void {
    const id = String(params['taskId']);
    const status = this.tasks.get(id);
    if (method === 'tasks/list' && this.era === 'legacy')
      return this.#json(response, message, {
        result: { tasks: [...this.tasks.keys()].map((taskId) => ({ taskId })) },
      });
    if (status === undefined)
      return this.#json(response, message, { error: { code: -32602, message: 'no such task' } });
    if (method === 'tasks/cancel') this.tasks.set(id, 'cancelled');
    if (method === 'tasks/result') {
      const _meta = { 'io.modelcontextprotocol/related-task': { taskId: id } };
      return this.#json(response, message, { result: { ...textResult('job done'), _meta } });
    }
    const task = this.#taskOf(id);
    const isAck = this.era === 'modern' && method !== 'tasks/get';
    this.#json(response, message, { result: finished(this.era, isAck ? {} : task) });
  }

  #taskOf(taskId: string): Json {
    const inputRequests = this.taskQuestions.get(taskId);
    return { ...taskOf(this.era, taskId, this.tasks.get(taskId)), ...(inputRequests && { inputRequests }) };
  }

  #newTask(params: Json): Json | null {
    const meta = params['_meta'] as Json | undefined;
    const capabilities = meta?.['io.modelcontextprotocol/clientCapabilities'] as Json | undefined;
    const declared =
      (capabilities?.['extensions'] as Json | undefined)?.['io.modelcontextprotocol/tasks'] !== undefined;
    if (params['name'] !== 'job' || !(this.era === 'modern' ? declared : params['task'] !== undefined)) return null;
    const taskId = randomUUID();
    this.tasks.set(taskId, 'working');
    const task = { taskId, status: 'working', createdAt: 'now', lastUpdatedAt: 'now' };
    return this.era === 'modern' ? { resultType: 'task', ...task, ttlMs: 1000 } : { task: { ...task, ttl: 1000 } };
  }

  async #call(message: Json, params: Json, session: string, response: ServerResponse): Promise<void> {
    const task = this.#newTask(params);
    if (task !== null) {
      // Some are talkative at once.
      const { told } = (params['arguments'] ?? {}) as Json;
      const about = { ...(task['task'] as Json | undefined), statusMessage: told };
      if (told === undefined) return this.#json(response, message, { result: task });
      this.#write(response, { jsonrpc: '2.0', method: 'notifications/tasks/status', params: about });
      this.#write(response, { jsonrpc: '2.0', id: message['id'], result: task });
      return void response.end();
    }
    if (
      params['name'] === 'elicit-error' &&
      this.era === 'legacy' &&
      !this.heard.some(({ method }) => method === 'test/opened')
    ) {
      const elicitation = { mode: 'url', elicitationId: 'e9', url: 'https://example.com/auth', message: 'Sign in' };
      this.heard.push({ method: 'test/opened' });
      return this.#json(response, message, {
        error: { code: -32042, message: 'open', data: { elicitations: [elicitation] } },
      });
    }
    const gone = new AbortController();
    const key = `${session} ${String(message['id'])}`;
    this.#running.set(key, gone);
    gone.signal.addEventListener('abort', () => (this.cancelled += 1));
    if (this.era === 'modern')
      response.on('close', () => {
        if (!response.writableFinished) gone.abort();
      });
    const meta = (params['_meta'] ?? {}) as Json;
    const tools: Tools = {
      gone: gone.signal,
      progress: (progress) => {
        if (meta['progressToken'] === undefined) return;
        const told = { progressToken: meta['progressToken'], progress, total: 3 };
        this.#write(response, { jsonrpc: '2.0', method: 'notifications/progress', params: told });
      },
      log: (level, data) =>
        this.#write(response, { jsonrpc: '2.0', method: 'notifications/message', params: { level, data } }),
      tell: (method, told) => this.#write(response, { jsonrpc: '2.0', method, params: told }),
      ask: (name, method, asked) =>
        this.era === 'legacy' ? this.#askNow(response, method, asked) : this.#askLater(params, name, method, asked),
    };
    let result: Json;
    try {
      result = finished(this.era, await run(String(params['name']), (params['arguments'] ?? {}) as Json, tools));
    } catch (error) {
      if (!(error instanceof InputNeeded)) throw error;
      const state = Buffer.from(JSON.stringify(params['inputResponses'] ?? {})).toString('base64');
      const earlier = typeof params['requestState'] === 'string' ? `${params['requestState']}.` : '';
      result = { resultType: 'input_required', inputRequests: error.requests, requestState: earlier + state };
    }
    this.#running.delete(key);
    this.#write(response, { jsonrpc: '2.0', id: message['id'], result });
    response.end();
  }

  #askNow(response: ServerResponse, method: string, params: Json): Promise<Json> {
    const id = ++this.#lastAsk;
    return new Promise((resolve) => {
      this.#asks.set(String(id), resolve);
      this.#write(response, { jsonrpc: '2.0', id, method, params });
    });
  }

  #askLater(call: Json, key: string, method: string, asked: Json): Promise<Json> {
    const params = { ...asked };
    delete params['elicitationId'];
    const meta = call['_meta'] as Record<string, Json>;
    const declared = Object.keys(meta['io.modelcontextprotocol/clientCapabilities'] ?? {});
    // A modern server must not ask for what was not declared; the legacy half of this one does.
    if (!declared.includes(method.split('/')[0] ?? '')) return Promise.resolve({ error: 'not declared' });
    const { requestState } = call;
    const earlier = (typeof requestState === 'string' ? requestState : '')
      .split('.')
      .filter((part) => part !== '')
      .map((part) => JSON.parse(Buffer.from(part, 'base64').toString()) as Json);
    const answers = Object.assign({}, ...earlier, call['inputResponses']) as Json;
    const answer = answers[key] as Json | undefined;
    return answer ? Promise.resolve(answer) : Promise.reject(new InputNeeded({ [key]: { method, params } }));
  }
}
