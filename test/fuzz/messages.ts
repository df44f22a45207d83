import type { Random } from './random.js';

type Json = Record<string, unknown>;

/** What earlier answers gave out, to be used, mixed up and altered. */
export interface Harvest {
  readonly sessions: { readonly id: string; readonly path: string; readonly authorization: string }[];
  /** Cursors, states, task ids, event ids. */
  readonly sealed: string[];
}

/** A message of one era, before anything is broken. */
export interface Message {
  readonly body: Json;
  readonly modern: boolean;
}

const objects = {
  tools: [
    'echo',
    'add',
    'big',
    'with-region',
    'elicit',
    'sample',
    'roots',
    'progress',
    'log',
    'job',
    'two-rounds',
    'nope',
    '',
  ],
  prompts: ['simple', 'greet', 'nope'],
  uris: [
    'fixture://text',
    'talk://watched',
    'talk://7/data',
    'file:///etc/passwd',
    'gatehouse:old:fixture://text',
    'http://127.0.0.1/',
    'x',
  ],
};
const slugs = ['old', 'young', 'old-events', 'young-events', 'talk-old', 'talk-young'];
const versions = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05', '2026-07-28', '2099-01-01', ''];
const legacyMethods = [
  ...['initialize', 'ping', 'tools/list', 'tools/call', 'tools/call', 'tools/call', 'prompts/list', 'prompts/get'],
  ...['resources/list', 'resources/read', 'resources/templates/list', 'resources/subscribe', 'resources/unsubscribe'],
  ...['completion/complete', 'logging/setLevel', 'tasks/get', 'tasks/list', 'tasks/result', 'tasks/cancel'],
  ...[
    'notifications/initialized',
    'notifications/cancelled',
    'notifications/progress',
    'notifications/roots/list_changed',
  ],
  ...['sampling/createMessage', 'vendor/method', 'constructor', ''],
];
const modernMethods = [
  ...['server/discover', 'tools/list', 'tools/call', 'tools/call', 'tools/call', 'prompts/list', 'prompts/get'],
  ...['resources/list', 'resources/read', 'resources/templates/list', 'completion/complete', 'subscriptions/listen'],
  ...[
    'tasks/get',
    'tasks/update',
    'tasks/cancel',
    'ping',
    'initialize',
    'notifications/cancelled',
    'vendor/method',
    'toString',
  ],
];

const named = (random: Random, name: string): string => (random.chance(0.6) ? `${random.pick(slugs)}__${name}` : name);
const uriOf = (random: Random): string => {
  const uri = random.pick(objects.uris);
  return random.chance(0.6) ? `gatehouse:${random.pick(slugs)}:${uri}` : uri;
};

function paramsOf(random: Random, method: string, harvest: Harvest): Json {
  const sealed = () => (harvest.sealed.length > 0 ? random.pick(harvest.sealed) : 'none');
  const task = method === 'tools/call' && random.chance(0.1) ? { task: { ttl: 1000 } } : {};
  switch (method) {
    case 'initialize':
      return {
        protocolVersion: random.pick(versions),
        capabilities: random.chance(0.5)
          ? { sampling: {}, elicitation: { form: {}, url: {} }, roots: { listChanged: true } }
          : {},
        clientInfo: { name: 'fuzz', version: '1' },
      };
    case 'tools/call':
      return {
        ...{ name: named(random, random.pick(objects.tools)), ...task },
        arguments: random.pick<unknown>([{ text: 'x' }, { a: 1, b: 2 }, { region: 'ch' }, { kb: 1 }, {}, undefined]),
        ...(random.chance(0.2)
          ? {
              requestState: sealed(),
              inputResponses: { q: { action: 'accept', content: { name: 'x' } }, 'input-1': { action: 'decline' } },
            }
          : {}),
      };
    case 'prompts/get':
      return { name: named(random, random.pick(objects.prompts)), arguments: { a: 'b' } };
    case 'resources/read':
    case 'resources/subscribe':
    case 'resources/unsubscribe':
      return { uri: uriOf(random) };
    case 'completion/complete':
      return {
        ref: random.pick<unknown>([
          { type: 'ref/prompt', name: named(random, 'greet') },
          { type: 'ref/resource', uri: uriOf(random) },
          {},
        ]),
        argument: { name: 'who', value: 'a' },
      };
    case 'logging/setLevel':
      return { level: random.pick(['debug', 'error', 'loud', '']) };
    case 'subscriptions/listen':
      return { notifications: { toolsListChanged: true, resourceSubscriptions: [uriOf(random)] } };
    case 'notifications/cancelled':
      return { requestId: random.below(20), reason: 'x' };
    case 'notifications/progress':
      return { progressToken: random.below(20), progress: 1 };
    default:
      if (method.startsWith('tasks/')) return { taskId: sealed(), inputResponses: {} };
      return random.chance(0.2) ? { cursor: sealed() } : {};
  }
}

const idOf = (random: Random): unknown =>
  random.chance(0.95)
    ? random.pick<unknown>([
        random.below(20),
        String(random.below(20)),
        0,
        -1,
        '',
        Number.MAX_SAFE_INTEGER,
        random.text(6),
      ])
    : random.pick<unknown>([null, 1.5, true, [], {}, 2 ** 60, -0]);

/** A message that a client could send; one in ten is an answer to nobody. */
export function anyMessage(random: Random, harvest: Harvest): Message {
  const modern = random.chance(0.45);
  if (!modern && random.chance(0.08))
    return {
      modern,
      body: {
        jsonrpc: '2.0',
        id: idOf(random),
        ...random.pick([{ result: {} }, { error: { code: 1, message: 'x' } }]),
      },
    };
  const method = random.pick(modern ? modernMethods : legacyMethods);
  const params = paramsOf(random, method, harvest);
  const meta: Json = {
    ...(random.chance(0.2) ? { progressToken: random.pick<unknown>([1, '1', 0, 'p']) } : {}),
    ...(random.chance(0.1)
      ? { traceparent: random.pick(['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'x', '']) }
      : {}),
    ...(modern
      ? {
          'io.modelcontextprotocol/protocolVersion': random.chance(0.95) ? '2026-07-28' : random.pick(versions),
          'io.modelcontextprotocol/clientCapabilities': random.pick<unknown>([
            {},
            {
              elicitation: { form: {}, url: {} },
              sampling: {},
              roots: {},
              extensions: { 'io.modelcontextprotocol/tasks': {} },
            },
          ]),
          'io.modelcontextprotocol/clientInfo': { name: 'fuzz', version: '1' },
          ...(random.chance(0.2) ? { 'io.modelcontextprotocol/logLevel': random.pick(['debug', 'error', 'x']) } : {}),
        }
      : {}),
  };
  const _meta = Object.keys(meta).length > 0 ? { _meta: meta } : {};
  const id = method.startsWith('notifications/') && random.chance(0.9) ? {} : { id: idOf(random) };
  return { modern, body: { jsonrpc: '2.0', ...id, method, params: { ...params, ..._meta } } };
}
