import type { IncomingHttpHeaders } from 'node:http';
import { FixtureError } from './answer-method.js';
import { textOf, type FixtureCatalogue, type Json } from './fixture-catalogue.js';

const VERSION = 'io.modelcontextprotocol/protocolVersion';
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';

/** True when the params carry the envelope of the modern era. */
export const isModernRequest = (params: Json): boolean => VERSION in ((params['_meta'] ?? {}) as Json);

const decode = (value: unknown): unknown => {
  const match = typeof value === 'string' ? /^=\?base64\?(.*)\?=$/.exec(value) : null;
  return match ? Buffer.from(match[1] ?? '', 'base64').toString('utf8') : value;
};

const mismatch = (header: string) => new FixtureError(-32020, `Header mismatch: ${header}`);

function paramHeaderFault(
  headers: IncomingHttpHeaders,
  params: Json,
  catalogue: FixtureCatalogue,
): FixtureError | null {
  const tool = catalogue.tools.find(({ definition }) => definition['name'] === params['name']);
  const properties = ((tool?.definition['inputSchema'] as Json | undefined)?.['properties'] ?? {}) as Record<
    string,
    Json
  >;
  for (const [name, schema] of Object.entries(properties)) {
    const header = schema['x-mcp-header'];
    const value = ((params['arguments'] ?? {}) as Json)[name];
    if (
      typeof header === 'string' &&
      value !== undefined &&
      decode(headers[`mcp-param-${header.toLowerCase()}`]) !== textOf(value)
    )
      return mismatch(`Mcp-Param-${header}`);
  }
  return null;
}

/** What a strict server of 2026-07-28 has against a request, or null. */
export function checkModern(
  headers: IncomingHttpHeaders,
  message: Json,
  params: Json,
  catalogue: FixtureCatalogue,
): FixtureError | null {
  const meta = (params['_meta'] ?? {}) as Json;
  const version = meta[VERSION];
  if (version === undefined)
    return new FixtureError(-32022, 'Unsupported protocol version', {
      supported: ['2026-07-28'],
      requested: textOf(params['protocolVersion']),
    });
  if (typeof meta[CAPABILITIES] !== 'object') return new FixtureError(-32602, `${CAPABILITIES} is missing`);
  if (headers['mcp-protocol-version'] !== version) return mismatch('MCP-Protocol-Version');
  if (version !== '2026-07-28')
    return new FixtureError(-32022, 'Unsupported protocol version', { supported: ['2026-07-28'], requested: version });
  if (headers['mcp-method'] !== message['method']) return mismatch('Mcp-Method');
  const name = message['method'] === 'resources/read' ? params['uri'] : params['name'];
  if (
    ['tools/call', 'prompts/get', 'resources/read'].includes(String(message['method'])) &&
    decode(headers['mcp-name']) !== name
  )
    return mismatch('Mcp-Name');
  return message['method'] === 'tools/call' ? paramHeaderFault(headers, params, catalogue) : null;
}
