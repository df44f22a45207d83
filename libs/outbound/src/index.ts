export { createAddressGuard, type AddressGuard, type ResolveAll } from './create-address-guard.js';
export {
  createUpstreamPools,
  type UpstreamPool,
  type UpstreamPools,
  type UpstreamPoolsOptions,
} from './create-upstream-pools.js';
export { forward, type ForwardReply, type ForwardRequest } from './forward.js';
export { type ServerSentEvent } from './event-stream-parser.js';
export { describeUrl } from './classify-network-error.js';
export { createGuardedFetch, type GuardedFetch, type GuardedFetchOptions } from './create-guarded-fetch.js';
