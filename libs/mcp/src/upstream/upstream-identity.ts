import type { UpstreamTransport } from '#contracts';
import type { JsonObject } from '../envelope/messages.js';
import type { UpstreamPeer } from './upstream-peer.js';

/** What an upstream says about itself, and what was agreed with it. */
export interface UpstreamIdentity extends UpstreamPeer {
  /** Self-reported; never decides anything. */
  readonly serverInfo: JsonObject | null;
  readonly capabilities: JsonObject;
  readonly instructions: string | null;
  /** The transport over which it answered; absent where nobody looked. */
  readonly transport?: UpstreamTransport;
}
