/** What a client can declare that a server may ask of it: the requests of a server that Gatehouse relays. */
export const clientCapabilities = ['SAMPLING', 'ELICITATION_FORM', 'ELICITATION_URL', 'ROOTS'] as const;
/** See {@link clientCapabilities}. */
export type ClientCapability = (typeof clientCapabilities)[number];

/**
 * To which clients an upstream offers an object: to those that have declared everything in at least one of these lists;
 * with no list at all, to everybody.
 */
export type RequiredClientCapabilities = readonly (readonly ClientCapability[])[];

/** Capabilities as bits, so that comparing them costs next to nothing. */
export const capabilityMask = (capabilities: readonly ClientCapability[]): number =>
  capabilities.reduce((mask, capability) => mask | (1 << clientCapabilities.indexOf(capability)), 0);

/**
 * Whether an object is there for a client.
 * @param declared what the client has declared, as bits
 * @param required the lists of {@link RequiredClientCapabilities}, each as bits
 */
export const isOffered = (declared: number, required: readonly number[]): boolean =>
  required.length === 0 || required.some((mask) => (declared & mask) === mask);
