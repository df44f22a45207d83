import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as readText } from 'node:stream/consumers';

type Json = Record<string, unknown>;

/** Numbers that no JavaScript program writes like this, and that most could not even hold. */
const numbers =
  '[1.0,1e2,1E-2,-0,0.10,9007199254740993,123456789012345678901234567890,12345678901234567890.1234567890]';

/** Text with escapes that need not be, characters that need not be escaped, and keys that look alike. */
const oddities = `{"k\\u0065y":1.0,"kеy":2,"Key":3,"__proto":4,"text":"caf\\u00e9 é \\ud83d\\ude00 😀 \\u2028 \\/","n":${numbers}}`;

/** Arguments that a client may send. */
export const oddArguments = `{"n":9007199254740993,"f":1.0,"e":1e2,"vendor":${oddities}}`;

/** The tool that answers with everything odd, as the upstream spells it; further members after the name. */
export const oddTool = (name: string): string =>
  `{"name":"${name}","title":"\\u00dcber","description":"Odd \\ud83d\\ude00","inputSchema":{"type":"object","properties":{"n":{"type":"integer","maximum":9007199254740993,"x-vendor":1.0}},"x-vendor":${numbers}},"annotations":{"readOnlyHint":true,"vendorHint":${oddities}},"icons":[{"src":"https://example.com/i.png","vendor":1.0}],"vendorTool":${oddities},"_meta":{"vendor.example/tool":${numbers}}}`;

/** The members of the odd result that every client may get, one by one. */
export const oddMembers: readonly string[] = [
  `"content":[{"type":"text","text":"caf\\u00e9","annotations":{"priority":1.0,"vendor":true},"vendorBlock":${oddities}},{"type":"vendor/hologram","frames":${numbers},"uri":"not://touched"},{"type":"text","text":""}]`,
  '"isError":false',
  `"vendorResult":${oddities}`,
];
/** Legal in the modern era only. */
export const oddStructured = `"structuredContent":[1.0,{"a":1e2},null]`;
const oddMeta = (more: string) => `"_meta":{"vendor.example/result":[1.10]${more}}`;
/** The `_meta` of the odd result, without what the modern era demands. */
export const plainMeta = oddMeta('');

const serverInfo = '"io.modelcontextprotocol/serverInfo":{"name":"hostile","version":"1","vendor":1.0}';

/** The whole odd result, as one era spells it. */
export const oddResult = (era: 'legacy' | 'modern'): string =>
  era === 'legacy'
    ? `{${[...oddMembers, oddStructured, plainMeta].join(',')}}`
    : `{${['"resultType":"complete"', ...oddMembers, oddStructured, oddMeta(`,${serverInfo}`)].join(',')}}`;

/** A result with URIs, as clients of an endpoint see them, which spells a URI in its own way. */
export const linkedResult = (era: 'legacy' | 'modern', spell: (uri: string) => string): string =>
  `{${era === 'modern' ? '"resultType":"complete",' : ''}"content":[{"vendor":1.0,"type":"resource_link","uri":"${spell('odd://a')}","name":"a","size":1e2},{"type":"resource","resource":{"vendor":${oddities},"uri":"${spell('odd://b?x=1')}","text":"odd://a"},"annotations":{"priority":1.0}},{"type":"vendor/link","uri":"odd://a"}]}`;

/** What each tool answers with in the modern era, beside the odd one. */
export const strangeResults: Readonly<Record<string, string>> = {
  task: `{"resultType":"task","taskId":"t-1","status":"working","createdAt":"2026-11-23T00:00:00Z","lastUpdatedAt":"2026-11-23T00:00:00Z","ttlMs":1000,"vendor":1.0}`,
  unheard: `{"resultType":"vendor/unheard","vendor":${numbers}}`,
};

export const capabilities = `{"tools":{"listChanged":false,"vendor":1.0},"vendorCapability":${oddities},"experimental":{"vendor.example/e":{}},"extensions":{"vendor.example/x":{"a":1.0},"io.modelcontextprotocol/ui":{"mimeTypes":["text/html;profile=mcp-app"]}}}`;

/** What definitions of tools may hold in one era, and clients of the other one would refuse. */
export const eraOnly = {
  legacy: ',"execution":{"taskSupport":"optional"}',
  modern: ',"outputSchema":{"type":"array","items":{}}',
} as const;

/** Notifications that come before the answer of the tool `noisy`. */
export const noise: readonly string[] = [
  `{"jsonrpc":"2.0","method":"notifications/vendor/thing","params":{"n":${numbers},"vendor":${oddities}}}`,
  `{"jsonrpc":"2.0","method":"vendor-without-a-prefix"}`,
];

/** A server of one era that does nothing wrong and nothing usual: every answer is a text of its own spelling. */
export class HostileUpstream implements AsyncDisposable {
  /** The bodies of requests as they came. */
  readonly received: { readonly method: string; readonly text: string }[] = [];
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  constructor(readonly era: 'legacy' | 'modern') {}

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/mcp`;
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** The body of an answer, with blanks where they may be. */
  envelope(id: unknown, result: string): string {
    return `{ "jsonrpc" : "2.0",\n\t"id": ${JSON.stringify(id)} , "result": ${result} }\n`;
  }

  /** The result of `tools/list`: two pages, the second one under the empty cursor. */
  page(cursor: unknown): string {
    const caching = this.era === 'modern' ? '"resultType":"complete","ttlMs":0,"cacheScope":"private",' : '';
    if (cursor === undefined) return `{${caching}"vendorPage":1.0,"tools":[${oddTool('odd')}],"nextCursor":""}`;
    const plain = ['noisy', 'linked', ...(this.era === 'modern' ? Object.keys(strangeResults) : [])];
    const tools = plain.map((name) => `{"name":"${name}","inputSchema":{"type":"object"}${eraOnly[this.era]}}`);
    return `{${caching}"tools":[${tools.join(',')}]}`;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') return void response.writeHead(405).end();
    const body = await readText(request);
    const message = JSON.parse(body) as Json;
    const method = String(message['method']);
    const params = (message['params'] ?? {}) as Json;
    this.received.push({ method, text: body });
    if (!('id' in message)) return void response.writeHead(202).end();
    const result = this.#result(method, params);
    if (result === null) {
      const status = this.era === 'modern' ? 404 : 200;
      response.writeHead(status, { 'content-type': 'application/json' });
      const error = { code: -32601, message: `no ${method}` };
      return void response.end(JSON.stringify({ jsonrpc: '2.0', id: message['id'], error }));
    }
    const answer = this.envelope(message['id'], result);
    if (params['name'] !== 'noisy') {
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'x-vendor': '1' });
      return void response.end(answer);
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const text of noise) response.write(`retry: 10\ndata: ${text}\n\n`);
    response.end(`data: ${answer.trim().split('\n').join('\ndata: ')}\n\n`);
  }

  #result(method: string, params: Json): string | null {
    const isModern = this.era === 'modern';
    switch (method) {
      case 'initialize':
        if (isModern) return null;
        return `{"protocolVersion":"2025-11-25","capabilities":${capabilities},"serverInfo":{"name":"hostile","version":"1","vendor":1.0},"vendorInit":${oddities}}`;
      case 'server/discover':
        if (!isModern) return null;
        return `{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":${capabilities},"ttlMs":0,"cacheScope":"private","vendorDiscover":${oddities},"_meta":{${serverInfo}}}`;
      case 'tools/list':
        return this.page(params['cursor']);
      case 'tools/call':
        if (params['name'] === 'linked') return linkedResult(this.era, (uri) => uri);
        return (isModern ? strangeResults[String(params['name'])] : undefined) ?? oddResult(this.era);
      default:
        return null;
    }
  }
}
