import { fingerprintJson, openValue, sealValue } from '#crypto';
import type { Gateway } from '../gateway.js';
import { askedName } from '../pipeline/asked-object.js';
import { CallError, invalidParams } from '../pipeline/call-error.js';
import type { UpstreamCall } from '../pipeline/calls.js';

/** What a client carries between the rounds of one call: attacker-controlled, so sealed and bound to that call. */
export type RequestState =
  /** A modern upstream's own state. */
  | { readonly kind: 'upstream'; readonly state: string }
  /** A call that waits in one process. */
  | { readonly kind: 'parked'; readonly ownerId: string; readonly callId: string; readonly round: string }
  /** Nothing waits: the call is to be sent again, once the user has done what they were asked for. */
  | { readonly kind: 'again' };

/** Longer states of upstreams would not fit into what a client sends back. */
const maxState = 32 * 1024;

/** What must be the same in every round: who calls what, where, with which arguments. */
const bindingOf = ({ endpoint, message, principal }: UpstreamCall): string =>
  fingerprintJson([
    principal.tokenId,
    endpoint.kind,
    endpoint.subjectId,
    message.method,
    askedName(message),
    message.received.message.params?.['arguments'] ?? null,
  ]);

/** Seals the state of a call for its client; it expires after `gateway.parkedCallTtl`. */
export function sealState({ clock, config, keyring }: Gateway, call: UpstreamCall, state: RequestState): string {
  if (state.kind === 'upstream' && state.state.length > maxState)
    throw new CallError(
      'UPSTREAM_TOO_LARGE',
      `The upstream keeps more than ${maxState} characters of state in a call.`,
      {
        status: 200,
      },
    );
  const ttlMs = config.gateway.parkedCallTtl;
  return sealValue(keyring, 'request-state', [bindingOf(call), state], { ttlMs, clock });
}

/** Opens the state that a request carries; null when it carries none. Refuses what is not of this very call (−32602). */
export function openState({ clock, keyring }: Gateway, call: UpstreamCall): RequestState | null {
  const sealed = call.message.received.message.params?.['requestState'];
  if (sealed === undefined) return null;
  const opened = openValue(keyring, 'request-state', sealed, { clock });
  if (!Array.isArray(opened) || opened[0] !== bindingOf(call)) throw badState();
  return opened[1] as RequestState;
}

/** One text for every reason: altered, expired, used already, of another caller, of another call. */
export const badState = (): CallError => invalidParams('"requestState" is not one of this call, or no longer valid');
