import { DomainError } from '#kernel';
import {
  arrayElements,
  classifyInbound,
  classifyMessage,
  isObject,
  LATEST_LEGACY_VERSION,
  legacyVersionOf,
  negotiateLegacyVersion,
  parseStrictJson,
  type InboundClass,
  type ParsedJson,
  type ReceivedRequest,
} from '#mcp';
import type { Gateway } from '../gateway.js';
import type { AddressedCall, PostedCall, PostedMessage } from './calls.js';
import { posted } from './http-call.js';
import { readBody } from './read-body.js';

/** The only revision with batches (2025-03-26, Messages). */
const batchVersion = '2025-03-26';

type Http = AddressedCall['request'];
type Single = Extract<InboundClass, { message: unknown }>;

const firstValue = (value: string | string[] | undefined) => (Array.isArray(value) ? value[0] : value);

/** The revision of HTTP+SSE, and spoken over nothing else. */
const sseVersion = '2024-11-05';

/** The claimed revision of a legacy message, or what is wrong with the claim. */
function legacyVersion(one: Single, { request, route }: AddressedCall): { version: string } | { problem: DomainError } {
  const header = firstValue(request.headers['mcp-protocol-version']);
  const claimed = one.reason === 'initialize' ? one.message.params?.['protocolVersion'] : header;
  if (route.transport === 'sse' && claimed === sseVersion) return { version: sseVersion };
  if (one.reason === 'initialize') return { version: negotiateLegacyVersion(claimed ?? LATEST_LEGACY_VERSION) };
  try {
    return { version: legacyVersionOf(header) };
  } catch (error) {
    if (error instanceof DomainError) return { problem: error };
    throw error;
  }
}

function single(one: Single, parsed: ParsedJson, bytes: Buffer, call: AddressedCall): PostedMessage {
  const kind = 'method' in one.message ? ('id' in one.message ? 'request' : 'notification') : 'response';
  const claimed = one.kind === 'modern' ? { version: one.version } : legacyVersion(one, call);
  return {
    kind,
    id: 'method' in one.message && 'id' in one.message ? one.message.id : null,
    method: 'method' in one.message ? one.message.method : '',
    era: one.kind === 'modern' ? 'MODERN' : 'LEGACY',
    version: 'version' in claimed ? claimed.version : null,
    received: receivedOf(parsed, bytes, call.request),
    inBatch: false,
    problem: 'problem' in claimed ? claimed.problem : null,
  };
}

const receivedOf = (parsed: ParsedJson, bytes: Buffer, { headers }: Http): ReceivedRequest => ({
  bytes,
  text: parsed.text,
  message: parsed.value as ReceivedRequest['message'],
  headers,
  name: parsed.name,
});

/** A request that was refused as a whole is still a request, if it can be told which: it gets its record. */
function refused(error: DomainError, parsed: ParsedJson, bytes: Buffer, request: Http): PostedMessage {
  const classified = classifyMessage(parsed.value);
  if (classified.kind !== 'request') throw error;
  const { id, method, params } = classified.message;
  const meta = params?.['_meta'];
  return {
    kind: 'request',
    id,
    method,
    era:
      isObject(meta) && Object.keys(meta).some((key) => key.startsWith('io.modelcontextprotocol/'))
        ? 'MODERN'
        : 'LEGACY',
    version: null,
    received: receivedOf(parsed, bytes, request),
    inBatch: false,
    problem: error,
  };
}

function batch(values: readonly unknown[], text: string, request: Http, maxBatch: number): PostedMessage[] {
  if (legacyVersionOf(firstValue(request.headers['mcp-protocol-version'])) !== batchVersion)
    throw new DomainError('MALFORMED_REQUEST', `Only revision ${batchVersion} has batches; send each message alone.`);
  if (values.length > maxBatch)
    throw new DomainError(
      'MALFORMED_REQUEST',
      `The batch has more than ${maxBatch} messages. Send fewer, or raise GATEHOUSE_MCP_MAX_BATCH.`,
    );
  const texts = arrayElements(text);
  return values.map((value, index) => {
    const member = classifyMessage(value);
    const memberText = texts[index];
    if (memberText === undefined || member.kind === 'batch' || member.kind === 'invalid')
      throw new DomainError('MALFORMED_REQUEST', 'The batch contains something that is no JSON-RPC message.');
    const parsed = { text: memberText, value, name: null };
    return {
      kind: member.kind,
      id: member.kind === 'request' ? member.message.id : null,
      method: member.kind === 'response' ? '' : member.message.method,
      era: 'LEGACY',
      version: batchVersion,
      received: receivedOf(parsed, Buffer.from(memberText), request),
      inBatch: true,
      problem: null,
    };
  });
}

/** The whole body of a POST; PAYLOAD_TOO_LARGE when it has more than is taken. */
export const bodyOf = ({ config }: Gateway, { handedOver, request }: AddressedCall): Buffer | Promise<Buffer> =>
  handedOver?.body ?? readBody(request, config.mcp.maxBody);

/**
 * Parses the body: one JSON-RPC message, or a batch of revision 2025-03-26. Refuses what is too large, no
 * strict JSON (−32700) or no JSON-RPC (−32600).
 */
export function readMessages({ config }: Gateway, call: AddressedCall, bytes: Buffer): PostedCall {
  const { request } = call;
  const parsed = parseStrictJson(bytes, { maxDepth: config.mcp.maxDepth, maxKeys: config.mcp.maxKeys });
  const inbound = classifyInbound({ httpMethod: 'POST', headers: request.headers, body: parsed.value });
  if (inbound.kind !== 'reject' && inbound.reason === 'batch')
    return posted(call, bytes, batch(inbound.messages, parsed.text, request, config.mcp.maxBatch), true);
  if (inbound.kind !== 'reject' && inbound.reason === 'http-method')
    throw new DomainError('MALFORMED_REQUEST', 'The body is no JSON-RPC message.');
  const message =
    inbound.kind === 'reject' ? refused(inbound.error, parsed, bytes, request) : single(inbound, parsed, bytes, call);
  return posted(call, bytes, [message], false);
}
