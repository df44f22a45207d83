import type { Gateway } from '../gateway.js';
import type { Exchange } from '../http/exchange.js';
import { send } from '../http/send.js';
import { publicUrlOf } from '../pipeline/check-address.js';
import { protectedResource } from './protected-resource.js';
import { securityText } from './security-text.js';

const plain = 'text/plain; charset=utf-8';

interface Document {
  readonly contentType: string;
  readonly body: string;
}

function documentOf(gateway: Gateway, path: string, publicUrl: string): Document | null {
  const { config, urls } = gateway;
  if (path === '/robots.txt') return { contentType: plain, body: 'User-agent: *\nDisallow: /\n' };
  if (path === '/.well-known/security.txt') return { contentType: plain, body: securityText(gateway, publicUrl) };
  const metadata = protectedResource(path, publicUrl, urls.authorizationServer, config.mcp.httpSse);
  return metadata && { contentType: 'application/json', body: JSON.stringify(metadata) };
}

/**
 * Answers the documents that need no credential; false when the path is none of them. Throws for a foreign Host or
 * Origin: what they say depends on the public URL that was used.
 */
export function answerWellKnown(gateway: Gateway, exchange: Exchange): boolean {
  const { path, request } = exchange;
  if (path !== '/robots.txt' && !path.startsWith('/.well-known/')) return false;
  const document = documentOf(gateway, path, publicUrlOf(gateway, exchange));
  if (document === null) return false;
  if (request.method === 'GET' || request.method === 'HEAD') send(gateway, exchange, { status: 200, ...document });
  else send(gateway, exchange, { status: 405, headers: { allow: 'GET, HEAD, OPTIONS' }, body: null });
  return true;
}
