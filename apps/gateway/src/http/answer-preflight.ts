import type { Gateway } from '../gateway.js';
import { publicUrlOf } from '../pipeline/check-address.js';
import type { Exchange } from './exchange.js';
import { send } from './send.js';

const fixedHeaders = [
  'authorization',
  'content-type',
  'accept',
  'mcp-protocol-version',
  'mcp-session-id',
  'mcp-method',
  'mcp-name',
  'last-event-id',
  'x-request-id',
];
const paramHeader = /^mcp-param-[a-z0-9!#$%&'*+.^_`|~-]+$/;
/** Seconds for which a browser may remember the answer. */
const maxAge = '600';

/** Answers OPTIONS: what a page of an allowed origin may send (CORS). Throws for other pages and foreign hosts. */
export function answerPreflight(gateway: Gateway, exchange: Exchange, methods: string): void {
  const { headers } = exchange.request;
  publicUrlOf(gateway, exchange);
  const asked = (headers['access-control-request-headers'] ?? '').toLowerCase().split(',');
  const parameters = asked.map((name) => name.trim()).filter((name) => paramHeader.test(name));
  const cors = {
    'access-control-allow-methods': methods,
    'access-control-allow-headers': [...fixedHeaders, ...parameters].join(', '),
    'access-control-max-age': maxAge,
  };
  send(gateway, exchange, {
    status: 204,
    headers: { allow: `${methods}, OPTIONS`, ...(headers.origin === undefined ? {} : cors) },
    body: null,
  });
}
