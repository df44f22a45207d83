import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Exchange, HandedOver } from '../http/exchange.js';
import type { AddressedCall, PostedCall, PostedMessage, ReceivedCall } from './calls.js';
import type { McpRoute } from './mcp-route.js';

const nothing = Buffer.alloc(0);

/**
 * One request on its way through the steps before its messages: one object that every step adds to, like the one of a
 * message (message-call.ts).
 */
class HttpCall {
  /** Of the monotonic clock. */
  readonly startedAt = performance.now();
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly path: string;
  readonly ip: string | null;
  readonly handedOver: HandedOver | null;
  publicUrl = '';
  messages: readonly PostedMessage[] = [];
  isBatch = false;
  body: Buffer = nothing;

  constructor(
    { request, response, requestId, path, ip, handedOver }: Exchange,
    readonly route: McpRoute,
    readonly occurredAt: number,
    readonly tokenHash: string | null,
  ) {
    this.request = request;
    this.response = response;
    this.requestId = requestId;
    this.path = path;
    this.ip = ip;
    this.handedOver = handedOver;
  }
}

/** The object is an {@link HttpCall}: `received` makes all of them. */
const made = (call: ReceivedCall): HttpCall => call as unknown as HttpCall;

/** Begins the way of one request. @param occurredAt milliseconds since the epoch */
export const received = (
  exchange: Exchange,
  route: McpRoute,
  occurredAt: number,
  tokenHash: string | null,
): ReceivedCall => new HttpCall(exchange, route, occurredAt, tokenHash);

/** The request was sent to this address of ours. */
export function addressed(call: ReceivedCall, publicUrl: string): AddressedCall {
  made(call).publicUrl = publicUrl;
  return call as AddressedCall;
}

/** The whole body is there, and is this. */
export function posted(
  call: AddressedCall,
  body: Buffer,
  messages: readonly PostedMessage[],
  isBatch: boolean,
): PostedCall {
  const own = made(call);
  own.body = body;
  own.messages = messages;
  own.isBatch = isBatch;
  return call as PostedCall;
}
