type Json = Record<string, unknown>;

/** What one request of a client brought. */
export interface Outcome {
  readonly result: Json | undefined;
  readonly error: { code: number; message: string; data?: Json } | undefined;
  /** Notifications on the request's own stream, in their order. */
  readonly heard: Json[];
  /** What the client was asked, in the order of the questions. */
  readonly asked: { method: string; params: Json }[];
}

/** How the client answers a question. */
export type Answerer = (method: string, params: Json) => Json;

/** A client of one era, on `fetch` and nothing else, that shows everything it was told. */
export interface BridgeClient {
  readonly era: 'legacy' | 'modern';
  request(method: string, params?: Json, more?: RequestOptions): Promise<Outcome>;
  /** Calls a tool and answers what it is asked. */
  call(name: string, args?: Json, more?: RequestOptions): Promise<Outcome>;
  /** Sends any request and answers what it is asked. */
  converse(method: string, params: Json, more?: RequestOptions): Promise<Outcome>;
  /** Messages of the stream for unsolicited messages. */
  readonly unsolicited: Json[];
  /** Hears of a resource, and of changes of lists. */
  listen(uris: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** Per request. */
export interface RequestOptions {
  readonly progressToken?: string | number;
  /** Modern only; legacy clients set it with `logging/setLevel`. */
  readonly logLevel?: string;
  readonly signal?: AbortSignal;
  readonly params?: Json;
}

const all: Json = { sampling: {}, elicitation: { form: {}, url: {} }, roots: { listChanged: true } };
const tasks = { 'io.modelcontextprotocol/tasks': {} };

async function* events(response: Response): AsyncGenerator<Json> {
  let rest = '';
  if (!response.body) return;
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + chunk).split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const data = part
        .split('\n')
        .filter((line) => line.startsWith('data:'))
        .map((line) => line.slice(5).trim())
        .join('\n');
      if (data !== '') yield JSON.parse(data) as Json;
    }
  }
}

async function* messages(response: Response): AsyncGenerator<Json> {
  if (response.headers.get('content-type')?.startsWith('text/event-stream')) yield* events(response);
  else {
    const body = await response.text();
    if (body !== '') yield JSON.parse(body) as Json;
  }
}

/** What both eras share. */
abstract class Base {
  readonly unsolicited: Json[] = [];
  protected readonly ended = new AbortController();
  protected lastId = 0;

  constructor(
    protected readonly url: string,
    protected readonly token: string,
    protected readonly answerer: Answerer,
    protected readonly capabilities: Json,
  ) {}

  protected post(body: Json, headers: Record<string, string>, signal?: AbortSignal): Promise<Response> {
    return fetch(this.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        authorization: `Bearer ${this.token}`,
        ...headers,
      },
      body: JSON.stringify(body),
      ...(signal ? { signal } : {}),
    });
  }

  protected outcomeOf(message: Json, heard: Json[], asked: Outcome['asked']): Outcome {
    return { result: message['result'] as Json, error: message['error'] as Outcome['error'], heard, asked };
  }
}

class LegacyClient extends Base implements BridgeClient {
  readonly era = 'legacy';
  #headers: Record<string, string> = {};
  initialized: Json = {};
  /** What every request of the session carries. */
  get headers(): Record<string, string> {
    return { ...this.#headers, authorization: `Bearer ${this.token}` };
  }

  /** The id of the newest request. */
  get newestId(): number {
    return this.lastId;
  }

  async open(): Promise<this> {
    const { capabilities } = this;
    const params = { protocolVersion: '2025-11-25', capabilities, clientInfo: { name: 'legacy-test', version: '1' } };
    const response = await this.post({ jsonrpc: '2.0', id: 0, method: 'initialize', params }, {});
    for await (const message of messages(response)) this.initialized = (message['result'] ?? message) as Json;
    const session = response.headers.get('mcp-session-id');
    if (session === null) throw new Error(`no session: ${JSON.stringify(this.initialized)}`);
    this.#headers = { 'mcp-session-id': session, 'mcp-protocol-version': String(this.initialized['protocolVersion']) };
    await this.notify('notifications/initialized');
    return this;
  }

  async notify(method: string, params: Json = {}): Promise<void> {
    await this.post({ jsonrpc: '2.0', method, params }, this.#headers);
  }

  async request(method: string, params: Json = {}, more: RequestOptions = {}): Promise<Outcome> {
    const id = ++this.lastId;
    const _meta = more.progressToken === undefined ? {} : { _meta: { progressToken: more.progressToken } };
    const body = { jsonrpc: '2.0', id, method, params: { ...params, ...more.params, ..._meta } };
    const response = await this.post(body, this.#headers, more.signal);
    const heard: Json[] = [];
    const asked: Outcome['asked'] = [];
    for await (const message of messages(response)) {
      if ('method' in message && 'id' in message) await this.#answer(message, asked);
      else if ('method' in message) heard.push(message);
      else return this.outcomeOf(message, heard, asked);
    }
    return { result: undefined, error: undefined, heard, asked };
  }

  call(name: string, args: Json = {}, more: RequestOptions = {}): Promise<Outcome> {
    return this.request('tools/call', { name, arguments: args }, more);
  }

  converse(method: string, params: Json, more: RequestOptions = {}): Promise<Outcome> {
    return this.request(method, params, more);
  }

  async listen(uris: readonly string[]): Promise<void> {
    const { signal } = this.ended;
    const headers = { ...this.#headers, accept: 'text/event-stream', authorization: `Bearer ${this.token}` };
    const response = await fetch(this.url, { headers, signal });
    if (response.status !== 200) throw new Error(`GET: ${response.status} ${await response.text()}`);
    void (async () => {
      for await (const message of events(response)) {
        if ('id' in message) await this.#answer(message, []);
        else this.unsolicited.push(message);
      }
    })().catch(() => undefined);
    for (const uri of uris) {
      const { error } = await this.request('resources/subscribe', { uri });
      if (error) throw new Error(JSON.stringify(error));
    }
  }

  async close(): Promise<void> {
    this.ended.abort();
    await fetch(this.url, { method: 'DELETE', headers: { ...this.#headers, authorization: `Bearer ${this.token}` } });
  }

  async #answer(message: Json, asked: Outcome['asked']): Promise<void> {
    const method = String(message['method']);
    const params = (message['params'] ?? {}) as Json;
    asked.push({ method, params });
    const result = this.answerer(method, params);
    await this.post({ jsonrpc: '2.0', id: message['id'], result }, this.#headers);
  }
}

class ModernClient extends Base implements BridgeClient {
  readonly era = 'modern';

  async request(method: string, params: Json = {}, more: RequestOptions = {}): Promise<Outcome> {
    const heard: Json[] = [];
    const response = await this.#send(method, params, more, more.signal);
    for await (const message of messages(response)) {
      if ('method' in message) heard.push(message);
      else return this.outcomeOf(message, heard, []);
    }
    return { result: undefined, error: undefined, heard, asked: [] };
  }

  call(name: string, args: Json = {}, more: RequestOptions = {}): Promise<Outcome> {
    return this.converse('tools/call', { name, arguments: args }, more);
  }

  async converse(method: string, asking: Json, more: RequestOptions = {}): Promise<Outcome> {
    const asked: Outcome['asked'] = [];
    const heard: Json[] = [];
    let params: Json = {};
    for (let round = 0; round < 10; round++) {
      const outcome = await this.request(method, { ...asking, ...params }, more);
      heard.push(...outcome.heard);
      if (outcome.result?.['resultType'] !== 'input_required') return { ...outcome, asked, heard };
      const requests = (outcome.result['inputRequests'] ?? {}) as Record<string, { method: string; params: Json }>;
      const answers = Object.entries(requests).map(([key, question]) => {
        asked.push(question);
        return [key, this.answerer(question.method, question.params)];
      });
      params = { inputResponses: Object.fromEntries(answers), requestState: outcome.result['requestState'] };
    }
    throw new Error('asked for ever');
  }

  async listen(uris: readonly string[]): Promise<void> {
    const notifications = { toolsListChanged: true, ...(uris.length > 0 ? { resourceSubscriptions: uris } : {}) };
    const response = await this.#send('subscriptions/listen', { notifications }, {}, this.ended.signal);
    void (async () => {
      for await (const message of messages(response)) this.unsolicited.push(message);
    })().catch(() => undefined);
  }

  close(): Promise<void> {
    this.ended.abort();
    return Promise.resolve();
  }

  #send(method: string, params: Json, more: RequestOptions, signal?: AbortSignal): Promise<Response> {
    const version = '2026-07-28';
    const meta = {
      'io.modelcontextprotocol/protocolVersion': version,
      'io.modelcontextprotocol/clientCapabilities': this.capabilities,
      'io.modelcontextprotocol/clientInfo': { name: 'modern-test', version: '1' },
      ...(more.logLevel === undefined ? {} : { 'io.modelcontextprotocol/logLevel': more.logLevel }),
      ...(more.progressToken === undefined ? {} : { progressToken: more.progressToken }),
    };
    const named = params['name'] ?? params['uri'] ?? params['taskId'];
    const hasName = typeof named === 'string' && /^(tools\/call|prompts\/get|resources\/read|tasks\/)/.test(method);
    return this.post(
      { jsonrpc: '2.0', id: ++this.lastId, method, params: { ...params, ...more.params, _meta: meta } },
      { 'mcp-protocol-version': version, 'mcp-method': method, ...(hasName ? { 'mcp-name': named } : {}) },
      signal,
    );
  }
}

const answers: Answerer = (method, params) => {
  if (method === 'roots/list') return { roots: [{ uri: 'file:///work' }] };
  if (method === 'sampling/createMessage')
    return { role: 'assistant', content: { type: 'text', text: 'hello' }, model: 'm' };
  return params['mode'] === 'url' ? { action: 'accept' } : { action: 'accept', content: { name: 'Ada' } };
};

/** Opens a legacy client: `initialize`, and the session that it begins. */
export const openLegacyClient = (
  url: string,
  token: string,
  capabilities: Json = { ...all, extensions: tasks },
  answerer: Answerer = answers,
) => new LegacyClient(url, token, answerer, capabilities).open();

/** A modern client; nothing is sent. */
export const modernClient = (
  url: string,
  token: string,
  capabilities: Json = { ...all, extensions: tasks },
  answerer: Answerer = answers,
) => new ModernClient(url, token, answerer, capabilities);
