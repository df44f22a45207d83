import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';

type Json = Record<string, unknown>;
type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/** Where a client connects to. */
export interface Goal {
  readonly url: string;
  readonly token: string;
  /** Stands between the client and the network. */
  readonly fetch?: Fetch;
}

/** How a tool is called. */
export interface CallOptions {
  readonly onProgress?: (progress: number) => void;
  /** From which level on the client wants to hear of the call. */
  readonly level?: 'debug' | 'warning';
}

/** One of the SDKs' clients, with answers for everything that it may be asked. */
export interface SdkClient {
  /** The methods that it was asked, in order. */
  readonly asked: readonly string[];
  /** The notifications that it heard. */
  readonly heard: readonly { readonly method: string; readonly params?: Json }[];
  /** What the server said of itself. */
  server(): Json | undefined;
  version(): string | undefined;
  tools(): Promise<Json[]>;
  call(name: string, args?: Json, options?: CallOptions): Promise<Json>;
  complete(ref: Json, argument: { name: string; value: string }): Promise<string[]>;
  /** Hears from here on of changes of the lists and of these resources. */
  listen(uris: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

const capabilities = { sampling: {}, elicitation: { form: {}, url: {} }, roots: { listChanged: true } };
const sampled = { role: 'assistant', content: { type: 'text', text: 'hello' }, model: 'm' } as const;
const elicited = { action: 'accept', content: { name: 'Ada' } } as const;
const rooted = { roots: [{ uri: 'file:///work' }] };
const headersOf = ({ token }: Goal) => ({ headers: { authorization: `Bearer ${token}` } });

/** Opens the client of SDK v1, which speaks the legacy era only. */
export async function openV1(goal: Goal): Promise<SdkClient> {
  const client = new Client({ name: 'v1', version: '1' }, { capabilities });
  const asked: string[] = [];
  const heard: { method: string; params?: Json }[] = [];
  const noting = <T>(answer: T) => {
    return ({ method }: { method: string }): T => {
      asked.push(method);
      return answer;
    };
  };
  client.setRequestHandler(CreateMessageRequestSchema, noting(sampled));
  client.setRequestHandler(ElicitRequestSchema, noting(elicited));
  client.setRequestHandler(ListRootsRequestSchema, noting(rooted));
  client.fallbackNotificationHandler = async (notification) => void heard.push(notification);
  const transport = new StreamableHTTPClientTransport(new URL(goal.url), {
    requestInit: headersOf(goal),
    reconnectionOptions: {
      initialReconnectionDelay: 10,
      maxReconnectionDelay: 100,
      reconnectionDelayGrowFactor: 1,
      maxRetries: 5,
    },
    ...(goal.fetch ? { fetch: goal.fetch } : {}),
  });
  await client.connect(transport);
  return {
    asked,
    heard,
    server: () => client.getServerVersion(),
    version: () => transport.protocolVersion,
    tools: async () => (await client.listTools()).tools,
    call: async (name, args = {}, { level, onProgress } = {}) => {
      if (level) await client.setLoggingLevel(level);
      const onprogress = onProgress && { onprogress: ({ progress }: { progress: number }) => onProgress(progress) };
      return await client.callTool({ name, arguments: args }, undefined, onprogress);
    },
    complete: async (ref, argument) =>
      (await client.complete({ ref, argument } as Parameters<typeof client.complete>[0])).completion.values,
    listen: async (uris) => {
      for (const uri of uris) await client.subscribeResource({ uri });
    },
    close: async () => {
      await transport.terminateSession();
      await client.close();
    },
  };
}

/** Opens the client of SDK v2, which speaks both eras. */
export const openV2 = (mode: 'legacy' | 'auto' | { pin: string }) =>
  async function open(goal: Goal): Promise<SdkClient> {
    const client = new NewClient({ name: 'v2', version: '1' }, { capabilities, versionNegotiation: { mode } });
    const asked: string[] = [];
    const heard: { method: string; params?: Json }[] = [];
    client.setRequestHandler('sampling/createMessage', () => (asked.push('sampling/createMessage'), sampled));
    client.setRequestHandler('elicitation/create', () => (asked.push('elicitation/create'), elicited));
    client.setRequestHandler('roots/list', () => (asked.push('roots/list'), rooted));
    client.fallbackNotificationHandler = async (notification) => void heard.push(notification);
    const transport = new NewTransport(new URL(goal.url), {
      requestInit: headersOf(goal),
      ...(goal.fetch ? { fetch: goal.fetch } : {}),
    });
    await client.connect(transport);
    const isModern = client.getProtocolEra() === 'modern';
    return {
      asked,
      heard,
      server: () => client.getServerVersion(),
      version: () => client.getNegotiatedProtocolVersion(),
      tools: async () => (await client.listTools(undefined, { cacheMode: 'refresh' })).tools,
      call: async (name, args = {}, { level, onProgress } = {}) => {
        if (level && !isModern) await client.setLoggingLevel(level);
        const meta = level && isModern ? { _meta: { 'io.modelcontextprotocol/logLevel': level } } : {};
        const onprogress = onProgress && { onprogress: ({ progress }: { progress: number }) => onProgress(progress) };
        return await client.callTool({ name, arguments: args, ...meta }, onprogress);
      },
      complete: async (ref, argument) =>
        (await client.complete({ ref, argument } as Parameters<typeof client.complete>[0])).completion.values,
      listen: async (uris) => {
        if (isModern) await client.listen({ toolsListChanged: true, resourceSubscriptions: [...uris] });
        else for (const uri of uris) await client.subscribeResource({ uri });
      },
      close: async () => {
        if (!isModern) await transport.terminateSession();
        await client.close();
      },
    };
  };

/** Every way in which the SDKs connect. */
export const sdkClients = [
  ['SDK v1', openV1],
  ['SDK v2 as a legacy client', openV2('legacy')],
  ['SDK v2 as it finds out', openV2('auto')],
  ['SDK v2 as a modern client', openV2({ pin: '2026-07-28' })],
] as const;
