// The MCP server of the benchmark without its transport: echo, sleep, blob and N tools that do nothing, both eras.

type Json = Record<string, unknown>;

/** One request as an upstream sees it. */
export interface McpRequest {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: Json;
}

const modernVersion = '2026-07-28';
const versionKey = 'io.modelcontextprotocol/protocolVersion';
const serverInfo = { name: 'bench', version: '1' };
const text = (value: string) => ({ content: [{ type: 'text', text: value }] });

const schema = (properties: Json, required: string[]) => ({ type: 'object', properties, required });
const useful = [
  {
    name: 'echo',
    description: 'Says the text again.',
    inputSchema: schema({ text: { type: 'string' } }, ['text']),
  },
  {
    name: 'sleep',
    description: 'Answers after so many milliseconds.',
    inputSchema: schema({ ms: { type: 'integer' } }, ['ms']),
  },
  {
    name: 'blob',
    description: 'Answers with so many KiB of text.',
    inputSchema: schema({ kb: { type: 'integer' } }, ['kb']),
  },
];

/** A tool of the size that tools have in the field: a sentence and two parameters, some 400 bytes. */
export const noop = (index: number) => ({
  name: `noop_${index}`,
  description: `Tool number ${index} does nothing at all. It stands in a long list, as tools of large servers do.`,
  inputSchema: schema(
    {
      first: { type: 'string', description: 'The first parameter, which is not looked at.' },
      second: { type: 'integer', description: 'The second parameter, which is not looked at either.', minimum: 0 },
    },
    ['first'],
  ),
});

/** `echo`, `sleep` and `blob`, as far as `count` goes, filled up with no-op tools. */
export const toolsOf = (count: number): Json[] => [
  ...useful.slice(0, count),
  ...Array.from({ length: Math.max(0, count - useful.length) }, (_, index) => noop(index)),
];

/** The result of a call, or a promise of it. */
function run(name: unknown, args: Json): Json | Promise<Json> {
  if (name === 'echo') return text(String(args['text']));
  if (name === 'blob') return text('x'.repeat(Number(args['kb']) * 1024));
  if (name === 'sleep') return new Promise((resolve) => setTimeout(() => resolve(text('slept')), Number(args['ms'])));
  return text('done');
}

/** Answers one request: the result, or null where the method is unknown. */
export function answer(request: McpRequest, tools: readonly Json[], era: string): Json | Promise<Json> | null {
  const { method, params = {} } = request;
  const modern = versionKey in ((params['_meta'] ?? {}) as Json);
  if (modern !== (era === 'modern')) return null;
  const complete = modern ? { resultType: 'complete' } : {};
  switch (method) {
    case 'initialize':
      return { protocolVersion: params['protocolVersion'] ?? '2025-11-25', capabilities: { tools: {} }, serverInfo };
    case 'server/discover':
      return {
        supportedVersions: [modernVersion],
        capabilities: { tools: {} },
        ttlMs: 60_000,
        cacheScope: 'public',
        ...complete,
        _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo },
      };
    case 'ping':
      return {};
    case 'tools/list':
      return { tools, ...(modern ? { ttlMs: 60_000, cacheScope: 'public' } : {}), ...complete };
    case 'tools/call': {
      const result = run(params['name'], (params['arguments'] ?? {}) as Json);
      return result instanceof Promise || !modern ? result : { ...result, ...complete };
    }
    default:
      return null;
  }
}
