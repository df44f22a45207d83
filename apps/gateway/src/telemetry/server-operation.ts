import { isObject } from '#mcp';
import { traceContextOf, type Operation, type Telemetry, type TelemetryAttributes } from '#observability';
import { askedName } from '../pipeline/asked-object.js';
import {
  handedOver,
  type Answer,
  type AuthorizedCall,
  type IdentifiedCall,
  type PostedMessage,
  type RoutedCall,
} from '../pipeline/calls.js';
import { failureOf } from './failure-of.js';
import { spanTarget, targetAttributes } from './operation-target.js';

/** Kept beside the messages, so that without telemetry nothing of them is larger. */
const operations = new WeakMap<PostedMessage, Operation>();

/** The span under which a message is served; null without telemetry. */
export const operationOf = (message: PostedMessage): Operation | null => operations.get(message) ?? null;

/** Begins the SERVER span of one request of a client; its parent is what the message says. */
export function beginServerOperation(telemetry: Telemetry, call: IdentifiedCall, message: PostedMessage): void {
  if (message.kind !== 'request') return;
  const { posted, principal } = call;
  const { request } = posted;
  const meta = message.received.message.params?.['_meta'];
  const operation = telemetry.serverOperation({
    method: message.method,
    startedAt: posted.startedAt,
    meta: isObject(meta) ? traceContextOf(meta) : null,
    http: traceContextOf(request.headers),
    attributes: {
      'jsonrpc.request.id': message.id === null ? undefined : String(message.id).slice(0, 100),
      'network.transport': 'tcp',
      'network.protocol.name': 'http',
      'network.protocol.version': request.httpVersion,
      'client.address': posted.ip ?? undefined,
      'client.port': request.socket.remotePort,
      'gatehouse.request.id': posted.requestId,
      'gatehouse.organization.id': principal.organizationId,
      'mcp.session.id': message.era === 'LEGACY' ? call.session?.id : undefined,
    },
  });
  operations.set(message, operation);
}

/** What became of a message, as far as it got. */
export interface ServedMessage {
  readonly message: PostedMessage;
  readonly routed: RoutedCall | null;
  readonly authorized: AuthorizedCall | null;
  readonly answer: Answer | null;
}

/** Ends it. Names of tools and prompts are told only where they exist, so that nobody can invent rows of metrics. */
export function endServerOperation({ answer, authorized, message, routed }: ServedMessage): void {
  const operation = operationOf(message);
  if (operation === null || answer === null || answer === handedOver) return;
  const target = authorized?.target ?? null;
  const { errorType, rpcCode } = failureOf(answer);
  operation.end({
    errorType,
    target: target === null ? null : spanTarget(message.method, target.exposedName),
    attributes: {
      'mcp.protocol.version': authorized?.protocolVersion,
      'rpc.response.status_code': rpcCode ?? undefined,
      'http.response.status_code': answer.status,
      'gatehouse.endpoint': routed === null ? undefined : (routed.endpoint.slug ?? routed.endpoint.kind),
      'gatehouse.upstream': target?.upstream.slug,
      'gatehouse.outcome': answer.outcome.toLowerCase(),
      'gatehouse.reason': answer.reason ?? undefined,
      ...(target === null ? uriOf(message) : targetAttributes(message.method, target.exposedName)),
    },
  });
}

const uriOf = (message: PostedMessage): TelemetryAttributes =>
  message.method === 'resources/read' ? { 'mcp.resource.uri': askedName(message) ?? undefined } : {};
