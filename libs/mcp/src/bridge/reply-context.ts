import type { Era } from '#contracts';
import type { JsonRpcId } from '../envelope/messages.js';
import type { Implementation } from '../upstream/upstream-connection.js';

/** Everything that decides what a client is answered for an upstream's answer, but the answer. */
export interface ReplyContext {
  readonly clientEra: Era;
  readonly upstreamEra: Era;
  readonly upstreamName: string;
  readonly method: string;
  /** The id of the client's request. */
  readonly clientId: JsonRpcId;
  /** How Gatehouse introduces itself in results of a legacy upstream to a modern client. */
  readonly serverInfo: Implementation;
  /** On prefixed endpoints: the URI that clients see for an upstream's; null elsewhere. */
  readonly exposeUri: ((uri: string) => string) | null;
  /** Where task ids are sealed: the id that clients see for an upstream's; null elsewhere. */
  readonly exposeTask?: ((taskId: string) => string) | null;
  /** Where the state of an unfinished call is sealed (2026-07-28, Multi Round-Trip Requests); null: it passes verbatim. */
  readonly sealState?: ((state: string) => string) | null;
  /** The client declared the extension under which a result may be a task. */
  readonly takesTasks?: boolean;
  /** Pass-through between modern peers: the upstream judged the very request of the client, so its words stand. */
  readonly verbatim?: boolean;
}
