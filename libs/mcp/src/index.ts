export { parseStrictJson, type JsonLimits, type ParsedJson } from './json/parse-strict-json.js';
export { arrayElements, memberValue, rewriteObject } from './json/json-text.js';
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
export {
  domainErrorAnswer,
  jsonRpcError,
  jsonRpcResult,
  sharedResult,
  upstreamFailureAnswer,
} from './envelope/json-rpc-error.js';
export { SharedText, toShare, withEnd } from './envelope/shared-text.js';
export {
  assertModernVersion,
  LATEST_LEGACY_VERSION,
  LATEST_MODERN_VERSION,
  legacyVersionOf,
  META,
  negotiateLegacyVersion,
} from './era/protocol-versions.js';
export { classifyInbound, type InboundClass, type InboundHttp } from './era/classify-inbound.js';
export { checkModernHeaders, nameMember } from './era/check-modern-headers.js';
export { checkParamHeaders, readParamHeaders, type ParamHeader, type ParamHeaders } from './era/param-headers.js';
export {
  createStdioConnection,
  createUpstreamConnection,
  type HttpConnection,
  type Implementation,
  type StdioConnection,
  type StdioConnectionOptions,
  type UpstreamConnection,
  type UpstreamConnectionOptions,
} from './upstream/upstream-connection.js';
export type { UpstreamPeer } from './upstream/upstream-peer.js';
export type {
  AnswerOutcome,
  PieceTaker,
  StreamedAnswer,
  UpstreamReply,
  UpstreamResponse,
} from './upstream/upstream-reply.js';
export type { UpstreamIdentity } from './upstream/upstream-identity.js';
export { checkHealth } from './upstream/check-health.js';
export { checkEra, openLinkInEra } from './upstream/open-set-era.js';
export type { CatalogObject } from './upstream/catalog-object.js';
export { declaredMask, capabilitiesOfMask } from './bridge/client-capabilities.js';
export type { ConditionalCatalog, ConditionalObject } from './upstream/conditional-catalog.js';
export { fetchConditionalCatalog, type KnownCatalog } from './upstream/fetch-conditional-catalog.js';
export { fetchCatalog, type CatalogLimits, type UpstreamCatalog } from './upstream/fetch-catalog.js';
export {
  buildUpstreamRequest,
  type BuiltRequest,
  type ReceivedRequest,
  type UpstreamRequestInput,
} from './bridge/build-upstream-request.js';
export { rewriteMeta } from './bridge/rewrite-meta.js';
export type { ReplyContext } from './bridge/reply-context.js';
export { translateUpstreamReply, type ReplyInput, type TranslatedReply } from './bridge/translate-upstream-reply.js';
export {
  askable,
  extensionsOf,
  fitServerRequest,
  hasExtension,
  mayAskClient,
  relayedCapabilities,
  TASKS_EXTENSION,
} from './bridge/server-request.js';
export { exposeServerRequest } from './bridge/expose-server-request.js';
export { originalInputResponses, originalNotification, originalOutcome } from './bridge/original-answer.js';
export {
  inputRequiredResult,
  inputResponsesOf,
  readInputRequired,
  type InputRequest,
  type InputRequired,
} from './bridge/input-required.js';
export {
  exposeNotification,
  logLevels,
  reachesLevel,
  withoutModernMeta,
  withParams,
  withSubscriptionId,
} from './bridge/relay-notification.js';
export type { NameExposure, NameReversal } from './bridge/names.js';
export { exposeAppUri } from './answers/expose-app-uri.js';
export { exposeDefinition, type Exposure } from './answers/expose-definition.js';
export {
  discoverResult,
  EMPTY_RESULT,
  initializeResult,
  initializeText,
  listBeginning,
  listEnd,
  type ServerIdentity,
} from './answers/local-results.js';
export type {
  LinkOptions,
  LinkRequest,
  RawMessage,
  RequestOutcome,
  ServerMessages,
  UpstreamLink,
} from './upstream/upstream-link.js';
export { createModernLink } from './upstream/modern-link.js';
export { openLink } from './upstream/open-link.js';
export { StdioChildren, type StdioChildrenOptions } from './stdio/stdio-children.js';
