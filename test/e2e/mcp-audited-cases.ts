type Json = Record<string, unknown>;

/** One HTTP request to the gateway and the traces that it must leave. */
export interface AuditedCase {
  readonly at?: string;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
  /** action, outcome, reason, subject of each record */
  readonly records: readonly (readonly [string, 'ALLOWED' | 'DENIED' | 'FAILED', string | null, string | null])[];
  /** How often the upstream is asked, and how that ends. */
  readonly upstream?: readonly [string, string];
}

/** A legacy request. */
export const legacy = (method: string, params: Json = {}, id: number | string = 1) => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
});
/** A modern request with its envelope and headers. */
export const modern = (method: string, params: Json = {}, headers: Record<string, string> = {}) => {
  const name = params['name'] ?? params['uri'];
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  return {
    body: legacy(method, { ...params, _meta: meta }),
    headers: {
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
      ...headers,
    },
  };
};
const answered = (action: string, subject: string | null): AuditedCase['records'] => [
  [action, 'ALLOWED', null, subject],
];
const ok = ['living', 'ok'] as const;

/** Every way in which a request ends, on a virtual server of everything that one upstream offers. */
export const auditedCases: readonly (readonly [string, AuditedCase])[] = [
  [
    'initialize',
    { body: legacy('initialize', { protocolVersion: '2025-11-25' }), records: answered('initialize', 'VirtualServer') },
  ],
  ['discover', { ...modern('server/discover'), records: answered('server/discover', 'VirtualServer') }],
  ['tools', { body: legacy('tools/list'), records: answered('tools/list', 'VirtualServer') }],
  ['tools-modern', { ...modern('tools/list'), records: answered('tools/list', 'VirtualServer') }],
  ['resources', { body: legacy('resources/list'), records: answered('resources/list', 'VirtualServer') }],
  [
    'templates',
    { body: legacy('resources/templates/list'), records: answered('resources/templates/list', 'VirtualServer') },
  ],
  ['prompts', { body: legacy('prompts/list'), records: answered('prompts/list', 'VirtualServer') }],
  [
    'upstream-list',
    {
      at: '/upstreams/living/mcp',
      body: legacy('tools/list'),
      records: answered('tools/list', 'Upstream'),
      upstream: ok,
    },
  ],
  ['aggregate-list', { at: '/mcp', body: legacy('tools/list'), records: answered('tools/list', null) }],
  [
    'call',
    {
      body: legacy('tools/call', { name: 'echo', arguments: { text: 'x' } }),
      records: answered('tools/call', 'Tool'),
      upstream: ok,
    },
  ],
  [
    'call-modern',
    {
      ...modern('tools/call', { name: 'add', arguments: { a: 1, b: 2 } }),
      records: answered('tools/call', 'Tool'),
      upstream: ok,
    },
  ],
  [
    'call-aggregate',
    {
      at: '/mcp',
      body: legacy('tools/call', { name: 'living__echo', arguments: { text: 'x' } }),
      records: answered('tools/call', 'Tool'),
      upstream: ok,
    },
  ],
  [
    'tool-error',
    { body: legacy('tools/call', { name: 'fail' }), records: answered('tools/call', 'Tool'), upstream: ok },
  ],
  [
    'read',
    {
      body: legacy('resources/read', { uri: 'fixture://text' }),
      records: answered('resources/read', 'Resource'),
      upstream: ok,
    },
  ],
  [
    'read-template',
    {
      body: legacy('resources/read', { uri: 'fixture://item/7' }),
      records: answered('resources/read', 'ResourceTemplate'),
      upstream: ok,
    },
  ],
  [
    'prompt',
    { body: legacy('prompts/get', { name: 'simple' }), records: answered('prompts/get', 'Prompt'), upstream: ok },
  ],
  [
    'unknown-tool',
    { body: legacy('tools/call', { name: 'none-such' }), records: [['tools/call', 'DENIED', 'NOT_FOUND', 'Tool']] },
  ],
  [
    'unknown-prompt',
    { ...modern('prompts/get', { name: 'none-such' }), records: [['prompts/get', 'DENIED', 'NOT_FOUND', 'Prompt']] },
  ],
  [
    'unknown-server',
    {
      at: '/servers/none-such/mcp',
      body: legacy('tools/list'),
      records: [['tools/list', 'DENIED', 'NOT_FOUND', 'VirtualServer']],
    },
  ],
  [
    'unknown-upstream',
    {
      at: '/upstreams/none-such/mcp',
      body: legacy('tools/list'),
      records: [['tools/list', 'DENIED', 'NOT_FOUND', 'Upstream']],
    },
  ],
  [
    'header-lie',
    {
      ...modern('tools/call', { name: 'add' }, { 'mcp-name': 'echo' }),
      records: [['tools/call', 'DENIED', 'HEADER_MISMATCH', 'Tool']],
    },
  ],
  [
    'unknown-method',
    { body: legacy('tools/destroy'), records: [['tools/destroy', 'FAILED', 'UNKNOWN_METHOD', 'VirtualServer']] },
  ],
  [
    'bad-params',
    { body: legacy('tools/call', { name: 7 }), records: [['tools/call', 'FAILED', 'BAD_USER_INPUT', 'Tool']] },
  ],
  [
    'bad-cursor',
    {
      body: legacy('tools/list', { cursor: 'forged' }),
      records: [['tools/list', 'FAILED', 'BAD_USER_INPUT', 'VirtualServer']],
    },
  ],
  [
    'old-revision',
    {
      body: legacy('tools/list'),
      headers: { 'mcp-protocol-version': '1999-01-01' },
      records: [['tools/list', 'FAILED', 'UNSUPPORTED_PROTOCOL_VERSION', 'VirtualServer']],
    },
  ],
  [
    'rpc-error',
    {
      body: legacy('tools/call', { name: 'link' }),
      records: [['tools/call', 'FAILED', 'UPSTREAM_RPC_ERROR', 'Tool']],
      upstream: ok,
    },
  ],
  [
    'dead',
    {
      at: '/servers/dead/mcp',
      body: legacy('tools/call', { name: 'echo' }),
      records: [['tools/call', 'FAILED', 'UPSTREAM_REFUSED', 'Tool']],
      upstream: ['dead', 'UPSTREAM_REFUSED'],
    },
  ],
  [
    'batch',
    {
      body: [
        legacy('tools/call', { name: 'echo', arguments: { text: 'x' } }, 'a'),
        legacy('tools/call', { name: 'none-such' }, 'b'),
        legacy('ping', {}, 'c'),
      ],
      headers: { 'mcp-protocol-version': '2025-03-26' },
      records: [
        ['tools/call', 'ALLOWED', null, 'Tool'],
        ['tools/call', 'DENIED', 'NOT_FOUND', 'Tool'],
      ],
      upstream: ok,
    },
  ],
  ['ping', { body: legacy('ping'), records: [] }],
  ['notification', { body: { jsonrpc: '2.0', method: 'notifications/initialized' }, records: [] }],
];
