import { anyMessage, type Harvest, type Message } from './messages.js';
import { damage, mutate } from './mutations.js';
import type { Random } from './random.js';

/** One request of the fuzzer. */
export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Buffer;
  /** Set where the bytes go out as they are, over a connection of their own, whatever they mean. */
  readonly raw: 'whole' | 'truncated' | 'pipelined' | null;
}

const paths = [
  ...['/mcp', '/mcp', '/mcp', '/servers/all/mcp', '/servers/all/mcp', '/servers/nope/mcp'],
  ...['old', 'young', 'old-events', 'young-events', 'talk-old', 'talk-young'].map((slug) => `/upstreams/${slug}/mcp`),
];
const oddPaths = [
  '/',
  '/mcp/',
  '/sse',
  '/messages',
  '/servers/all/mcp?x=1',
  '/.well-known/oauth-protected-resource/mcp',
  '/%00',
  '/servers/../mcp',
];
const oddMethods = ['GET', 'GET', 'DELETE', 'DELETE', 'PUT', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND'];

/** Characters that may stand in a header; everything else would be refused by the sender's own program. */
const headerSafe = (text: string): string => text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '');

function protocolHeaders(random: Random, { body, modern }: Message): Record<string, string> {
  if (!modern)
    return random.chance(0.6)
      ? { 'mcp-protocol-version': random.pick(['2025-11-25', '2025-06-18', '2025-03-26']) }
      : {};
  const { method, params } = body as { method?: unknown; params?: { name?: unknown; uri?: unknown; taskId?: unknown } };
  const name = params?.name ?? params?.uri ?? params?.taskId;
  return {
    'mcp-protocol-version': '2026-07-28',
    ...(typeof method === 'string' ? { 'mcp-method': headerSafe(method) } : {}),
    ...(typeof name === 'string' ? { 'mcp-name': headerSafe(name) } : {}),
  };
}

function mangleHeaders(random: Random, headers: Record<string, string | string[]>): void {
  const names = Object.keys(headers);
  const name = random.chance(0.8)
    ? random.pick(names)
    : random.pick([
        'mcp-param-region',
        'last-event-id',
        'origin',
        'traceparent',
        'content-encoding',
        'x-forwarded-for',
        'expect',
        'upgrade-insecure-requests',
      ]);
  const value = headers[name];
  const how = random.below(5);
  if (how === 0) delete headers[name];
  else if (how === 1) headers[name] = headerSafe(random.text(30));
  else if (how === 2 && typeof value === 'string') headers[name] = value.toUpperCase();
  else if (how === 3 && typeof value === 'string' && name !== 'content-type') headers[name] = [value, value];
  else headers[name] = 'x'.repeat(random.below(3000));
  if (name === 'expect') delete headers[name];
}

/** The next request. */
export function nextRequest(random: Random, tokens: readonly string[], harvest: Harvest): FuzzRequest {
  const batch = random.chance(0.07);
  const messages = Array.from({ length: batch ? random.below(6) : 1 }, () => anyMessage(random, harvest));
  const first = messages[0] ?? { body: {}, modern: false };
  let value: unknown = batch ? messages.map(({ body }) => body) : first.body;
  for (let count = random.pick([0, 0, 0, 0, 0, 1, 1, 2, 5]); count > 0; count -= 1) value = mutate(random, value);
  const text = JSON.stringify(value) ?? '';
  const body = random.chance(0.08) ? damage(random, text) : Buffer.from(text);
  const method = random.chance(0.1) ? random.pick(oddMethods) : 'POST';
  const headers: Record<string, string | string[]> = {
    accept: random.pick([
      'application/json, text/event-stream',
      'application/json, text/event-stream',
      'application/json',
      'text/event-stream',
      '*/*',
      '',
    ]),
    authorization: random.chance(0.97) ? `Bearer ${random.pick(tokens)}` : headerSafe(random.text(20)),
    ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
    ...(batch ? { 'mcp-protocol-version': '2025-03-26' } : protocolHeaders(random, first)),
    ...(method === 'GET' && random.chance(0.3)
      ? { 'last-event-id': random.pick(['1-0', '1-1', 'z-9', ...harvest.sealed.slice(-3)]) }
      : {}),
  };
  for (let count = random.pick([0, 0, 0, 0, 0, 0, 1, 2]); count > 0; count -= 1) mangleHeaders(random, headers);
  let path = random.chance(0.04) ? random.pick(oddPaths) : random.pick(paths);
  if (harvest.sessions.length > 0 && random.chance(0.4)) {
    const session = random.pick(harvest.sessions);
    headers['mcp-session-id'] = session.id;
    // Mostly at its own address and with its own token.
    if (random.chance(0.9)) path = session.path;
    if (random.chance(0.9)) headers['authorization'] = session.authorization;
  }
  const raw = random.chance(0.06) ? random.pick(['whole', 'truncated', 'pipelined'] as const) : null;
  return { method, path, headers, body: method === 'POST' ? body : Buffer.alloc(0), raw };
}
