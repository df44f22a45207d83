export { parseStrictJson, type JsonLimits, type ParsedJson } from './json/parse-strict-json.js';
export { arrayElements } from './json/json-text.js';
export {
  classifyMessage,
  isObject,
  type ClassifiedMessage,
  type JsonObject,
  type JsonRpcErrorBody,
  type JsonRpcId,
  type JsonRpcNotification,
  type JsonRpcRequest,
  type JsonRpcResponse,
} from './envelope/messages.js';
export { domainErrorAnswer, jsonRpcResult, upstreamFailureAnswer } from './envelope/json-rpc-error.js';
export {
  assertModernVersion,
  LATEST_LEGACY_VERSION,
  LATEST_MODERN_VERSION,
  legacyVersionOf,
  negotiateLegacyVersion,
} from './era/protocol-versions.js';
export { classifyInbound, type InboundClass, type InboundHttp } from './era/classify-inbound.js';
export { checkModernHeaders, nameSource } from './era/check-modern-headers.js';
export { checkParamHeaders, readParamHeaders, type ParamHeader, type ParamHeaders } from './era/param-headers.js';
export {
  createUpstreamConnection,
  type Implementation,
  type UpstreamConnection,
  type UpstreamConnectionOptions,
} from './upstream/upstream-connection.js';
export type { UpstreamPeer } from './upstream/upstream-peer.js';
export { exchange, type UpstreamReply, type UpstreamRequest, type UpstreamResponse } from './upstream/exchange.js';
export { UpstreamRpcError } from './upstream/call-upstream.js';
export {
  closeLegacySession,
  openLegacySession,
  refusalError,
  type UpstreamIdentity,
} from './upstream/legacy-session.js';
export { probeUpstream } from './upstream/probe-upstream.js';
export { checkHealth } from './upstream/check-health.js';
export type { CatalogObject } from './upstream/catalog-object.js';
export { fetchCatalog, type CatalogLimits, type UpstreamCatalog } from './upstream/fetch-catalog.js';
export {
  buildUpstreamRequest,
  type BuiltRequest,
  type ReceivedRequest,
  type UpstreamRequestInput,
} from './bridge/build-upstream-request.js';
export { translateUpstreamReply, type ReplyInput, type TranslatedReply } from './bridge/translate-upstream-reply.js';
export { exposeDefinition, type Exposure } from './answers/expose-definition.js';
export {
  discoverResult,
  EMPTY_RESULT,
  initializeResult,
  listResult,
  type ListPage,
  type ServerIdentity,
} from './answers/local-results.js';
