import diagnostics from 'node:diagnostics_channel';
import {
  buildUpstreamRequest,
  createUpstreamConnection,
  fetchCatalog,
  openLink,
  readInputRequired,
  readParamHeaders,
  type JsonObject,
  type JsonRpcRequest,
  type RequestOutcome,
  type ServerMessages,
  type UpstreamCatalog,
  type UpstreamLink,
} from '#mcp';
import { createAddressGuard, createUpstreamPools } from '#outbound';

const clientInfo = { name: 'gatehouse-conformance', version: '1.0.0' };
const limits = { maxPages: 20, maxObjects: 1000, maxDefinition: 1024 ** 2, maxSize: 8 * 1024 ** 2 };

/** Answers a question of the server (elicitation, sampling, roots). */
export type Answerer = (method: string, params: JsonObject) => JsonObject;

interface Parts {
  readonly link: UpstreamLink;
  readonly catalog: UpstreamCatalog;
  readonly capabilities: JsonObject;
  readonly answer: Answerer | null;
  readonly closePools: () => Promise<void>;
}

/** What a client of the gateway would be to an upstream: calls go out as the gateway builds them for a legacy client. */
export class ConnectedClient implements AsyncDisposable {
  readonly catalog: UpstreamCatalog;
  private readonly parts: Parts;
  private lastId = 0;

  private constructor(parts: Parts) {
    this.parts = parts;
    this.catalog = parts.catalog;
  }

  /** Connects, in the era that the server speaks, and reads its catalogue. */
  static async connect(
    url: string,
    capabilities: JsonObject = {},
    answer: Answerer | null = null,
  ): Promise<ConnectedClient> {
    const guard = createAddressGuard(['127.0.0.1', 'localhost', '[::1]']);
    const pools = createUpstreamPools({ guard, connectTimeoutMs: 5000, connections: 8 });
    const connection = createUpstreamConnection({
      name: 'referee',
      url,
      pools,
      clientInfo,
      timeoutMs: 20_000,
      maxBytes: 16 * 1024 ** 2,
    });
    try {
      const unsolicited = answering(answer);
      const link = await openLink(connection, null, { client: { info: clientInfo, capabilities }, unsolicited });
      // Only for those who can be asked something outside of a call, as the gateway does it.
      if (answer && link.identity.era === 'LEGACY') await listening(link);
      const catalog = await fetchCatalog(connection, link, limits);
      return new ConnectedClient({ link, catalog, capabilities, answer, closePools: () => pools.close() });
    } catch (error) {
      await pools.close();
      throw error;
    }
  }

  /** Calls a method; a question of the server is answered and the call repeated until there is a result (SEP-2322). */
  async request(method: string, params: JsonObject): Promise<JsonObject> {
    let answers: JsonObject = {};
    for (let round = 0; round < 10; round += 1) {
      const { text, result } = await this.send(method, { ...params, ...answers });
      const asked = result['resultType'] === 'input_required' ? readInputRequired(text, result) : null;
      if (!asked) return result;
      const { answer } = this.parts;
      if (!answer) throw new Error(`${method} asks the client, which answers nothing`);
      answers = {
        inputResponses: Object.fromEntries(
          asked.requests.map(({ key, method: question, params: about }) => [key, answer(question, about ?? {})]),
        ),
        ...(asked.requestState === null ? {} : { requestState: asked.requestState }),
      };
    }
    throw new Error(`${method} asks without end`);
  }

  /** Calls a tool of the catalogue, with the headers that its schema asks for. */
  callTool(name: string, args: JsonObject = {}): Promise<JsonObject> {
    return this.request('tools/call', { name, arguments: args });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.parts.link.close();
    await this.parts.closePools();
  }

  private async send(method: string, params: JsonObject): Promise<{ text: string; result: JsonObject }> {
    const { link, capabilities, answer } = this.parts;
    const id = link.nextId() ?? (this.lastId += 1);
    const message: JsonRpcRequest = { jsonrpc: '2.0', id, method, params };
    const text = JSON.stringify(message);
    const { headers, body } = buildUpstreamRequest({
      clientEra: 'LEGACY',
      peer: link.identity,
      received: { bytes: Buffer.from(text), text, message, headers: {} },
      originalName: null,
      id: null,
      client: { info: clientInfo, capabilities },
      paramHeaders: method === 'tools/call' ? this.paramHeaders(String(params['name'])) : [],
    });
    const reply = await link.call({ headers, body, id, method, messages: answering(answer) });
    if (reply.kind === 'session-ended') throw new Error('the server has ended the session');
    const { error, result = {} } = reply.message;
    if (error) throw new Error(`${method}: ${error.code} ${error.message}`);
    return { text: JSON.stringify(result), result };
  }

  private paramHeaders(tool: string) {
    const found = this.catalog.tools.find(({ key }) => key === tool);
    const declared = readParamHeaders(found?.value['inputSchema']);
    return declared.valid ? declared.headers : [];
  }
}

/** Hears everything, and answers what it is asked where there is somebody to answer. */
const answering = (answer: Answerer | null): ServerMessages => ({
  notification: () => undefined,
  request: ({ message: { method, params } }): Promise<RequestOutcome> =>
    Promise.resolve(
      answer
        ? { result: JSON.stringify(answer(method, params ?? {})) }
        : { error: JSON.stringify({ code: -32_601, message: 'Method not found' }) },
    ),
});

/** Opens the GET stream and waits until it is there: what a server says before that is lost. */
async function listening(link: UpstreamLink): Promise<void> {
  const channel = 'undici:request:headers';
  const opened = Promise.withResolvers<void>();
  const onHeaders = (message: unknown): void => {
    if ((message as { request: { method: string } }).request.method === 'GET') opened.resolve();
  };
  diagnostics.subscribe(channel, onHeaders);
  link.listen();
  await opened.promise;
  diagnostics.unsubscribe(channel, onHeaders);
}
