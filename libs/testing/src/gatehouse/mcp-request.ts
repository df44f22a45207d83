/** One answer of an MCP route. */
export interface McpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // The shape depends on the method; tests look into it.
  readonly body: {
    id?: unknown;
    result?: Record<string, unknown>;
    error?: { code: number; message: string; data?: Record<string, unknown> };
  } | null;
}

let lastId = 0;

/** Sends one legacy JSON-RPC request, the way a client of revision 2025-11-25 does after `initialize`. */
export function callMcp(url: string, token: string | null, method: string, params: object = {}): Promise<McpAnswer> {
  lastId += 1;
  return postMcp(url, token, JSON.stringify({ jsonrpc: '2.0', id: lastId, method, params }), {
    'mcp-protocol-version': '2025-11-25',
  });
}

/** Sends one modern JSON-RPC request (revision 2026-07-28) with its envelope and headers. */
export function callModern(
  url: string,
  token: string | null,
  method: string,
  params: Record<string, unknown> = {},
): Promise<McpAnswer> {
  lastId += 1;
  const version = '2026-07-28';
  const meta = {
    'io.modelcontextprotocol/protocolVersion': version,
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'e2e', version: '1' },
  };
  const named = params['name'] ?? params['uri'];
  const body = JSON.stringify({ jsonrpc: '2.0', id: lastId, method, params: { ...params, _meta: meta } });
  return postMcp(url, token, body, {
    'mcp-protocol-version': version,
    'mcp-method': method,
    ...(typeof named === 'string' ? { 'mcp-name': named } : {}),
  });
}

/** Posts any body. */
export async function postMcp(
  url: string,
  token: string | null,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<McpAnswer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...headers,
    },
    body,
  });
  const text = await response.text();
  let parsed: McpAnswer['body'] = null;
  try {
    parsed = JSON.parse(text) as McpAnswer['body'];
  } catch {
    // Not JSON: tests look at `text`.
  }
  return { status: response.status, headers: response.headers, text, body: parsed };
}
