/** What is known of an upstream that no check has reached at its present address. */
export const neverProbed = {
  era: null,
  protocolVersion: null,
  serverInfo: null,
  capabilities: null,
  instructions: null,
  health: 'UNKNOWN',
  healthCode: null,
  healthChangedAt: null,
} as const;
