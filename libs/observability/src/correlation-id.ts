/** True for a client's correlation id that may be taken over: 8 to 64 of `[A-Za-z0-9._-]`, so it cannot forge a log. */
export const isSafeCorrelationId = (text: unknown): text is string =>
  typeof text === 'string' && /^[A-Za-z0-9._-]{8,64}$/.test(text) && !text.startsWith('gth_');
