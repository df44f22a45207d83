import type { Gateway } from '../gateway.js';
import { CallError, CredentialError } from './call-error.js';
import type { AddressedCall, KnownCall, PostedCall } from './calls.js';
import { principalOf } from './rights.js';

const unavailable = (code: 'SERVICE_STALE' | 'DATABASE_UNAVAILABLE', message: string) =>
  new CallError(code, message, { status: 503, headers: { 'retry-after': '1' } });

/** Whether nothing may be decided: the database was not heard of for `gateway.snapshotStaleAfter`. */
export const isStale = ({ config, snapshots }: Gateway): boolean =>
  snapshots.staleFor() > config.gateway.snapshotStaleAfter;

/** What everybody is told then. */
export const serviceStale = (): CallError =>
  unavailable('SERVICE_STALE', 'The gateway has lost its database; calls are refused until it is back.');

/**
 * Refuses a caller whose credential is worth nothing now, or everyone while the gateway may not decide: it has not
 * heard from the database for `gateway.snapshotStaleAfter`, or the record of the call might be lost.
 */
export function admit(gateway: Gateway, call: AddressedCall) {
  const { audit, clock, snapshots } = gateway;
  if (isStale(gateway)) throw serviceStale();
  if (!audit.canAccept())
    throw unavailable('DATABASE_UNAVAILABLE', 'Calls are refused because their audit records could not be kept.');
  const { request, tokenHash } = call;
  if (tokenHash === null)
    throw request.headers.authorization === undefined
      ? new CredentialError('no-credential', 'UNAUTHENTICATED', 'A bearer token is required.')
      : new CredentialError('invalid-token', 'UNAUTHENTICATED', 'The Authorization header holds no bearer token.');
  const snapshot = snapshots.current();
  return { snapshot, tokenHash, principal: principalOf(snapshot, tokenHash, clock.now()) };
}

/** Finds out who calls. The snapshot that is read here serves the whole call. */
export function identify(gateway: Gateway, posted: PostedCall): KnownCall {
  const { snapshot, tokenHash, principal } = admit(gateway, posted);
  return { posted, snapshot, tokenHash, principal };
}
