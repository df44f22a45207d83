import type { Era } from '#contracts';

/** What was agreed with an upstream: era, revision and, in the legacy era, the session. */
export interface UpstreamPeer {
  readonly era: Era;
  readonly protocolVersion: string;
  readonly sessionId: string | null;
}
