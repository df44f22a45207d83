export { newId, newRequestId, isUuid, encodeGlobalId, decodeGlobalId } from './ids.js';
export { systemClock, type Clock } from './clock.js';
export type {
  Actor,
  AnonymousActor,
  CallContext,
  GrantedRole,
  SystemActor,
  TokenScope,
  UserActor,
} from './call-context.js';
export type { Page, PageRequest } from './page.js';
export { errorCodes, type ErrorCode, type ErrorCodeEntry } from './error-codes.js';
export { DomainError, notFound, type DomainErrorOptions } from './domain-error.js';
export { isSlug } from './slug.js';
export { Cancellation, type CancelSignal } from './cancellation.js';
export { Slots } from './slots.js';
export { BytePile } from './byte-pile.js';
