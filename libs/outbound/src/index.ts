export { createAddressGuard, type AddressGuard, type ResolveAll } from './create-address-guard.js';
export {
  createUpstreamPools,
  type UpstreamPool,
  type UpstreamPools,
  type UpstreamPoolsOptions,
} from './create-upstream-pools.js';
export { forward } from './forward.js';
export type {
  BodyStream,
  EventTaker,
  ForwardControl,
  ForwardReply,
  ForwardRequest,
  StreamPosition,
} from './forward-request.js';
export type { ServerSentEvent } from './event-stream-parser.js';
export { describeUrl } from './classify-network-error.js';
export {
  createPeerPool,
  peerIdentity,
  peerTls,
  type PeerExchange,
  type PeerPool,
  type PeerRequest,
  type PeerSink,
} from './create-peer-pool.js';
export { createGuardedFetch, type GuardedFetch, type GuardedFetchOptions } from './create-guarded-fetch.js';
export type { PoolLimits } from './guarded-pool.js';
export { RequestClock, type LateListener, type TimeLimits } from './request-clock.js';
