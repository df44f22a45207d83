import { capabilityMask, type ClientCapability, type Era } from '#contracts';
import { isObject, type JsonObject } from '../envelope/messages.js';

/** What capabilities of a client say about the requests that a server may send it, as bits (contracts). */
export function declaredMask({ elicitation, roots, sampling }: Readonly<JsonObject>): number {
  let mask = 0;
  if (isObject(sampling)) mask |= bits.SAMPLING;
  if (isObject(elicitation)) {
    // `{}` has meant forms since before there were modes.
    if (isObject(elicitation['form']) || !('url' in elicitation)) mask |= bits.ELICITATION_FORM;
    if (isObject(elicitation['url'])) mask |= bits.ELICITATION_URL;
  }
  return isObject(roots) ? mask | bits.ROOTS : mask;
}

const bits: Readonly<Record<ClientCapability, number>> = {
  SAMPLING: capabilityMask(['SAMPLING']),
  ELICITATION_FORM: capabilityMask(['ELICITATION_FORM']),
  ELICITATION_URL: capabilityMask(['ELICITATION_URL']),
  ROOTS: capabilityMask(['ROOTS']),
};

/** Capabilities of a client from bits, in the words of the protocol; nothing beyond them. */
export function capabilitiesOfMask(mask: number): JsonObject {
  const elicitation = {
    ...(mask & bits.ELICITATION_FORM ? { form: {} } : {}),
    ...(mask & bits.ELICITATION_URL ? { url: {} } : {}),
  };
  return {
    ...(mask & bits.SAMPLING ? { sampling: {} } : {}),
    ...(Object.keys(elicitation).length > 0 ? { elicitation } : {}),
    ...(mask & bits.ROOTS ? { roots: {} } : {}),
  };
}

/** The most that a client with some capabilities can declare to an upstream of an era, as far as it is relayed. */
export function widestCapabilities(capabilities: readonly ClientCapability[], era: Era): JsonObject {
  const declared = capabilitiesOfMask(capabilityMask(capabilities));
  if ('sampling' in declared) declared['sampling'] = { context: {}, tools: {} };
  // Modern clients have no notification that their roots changed.
  if ('roots' in declared && era === 'LEGACY') declared['roots'] = { listChanged: true };
  return declared;
}
