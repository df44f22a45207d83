import type { CatalogSnapshot, Endpoint, Principal, Target } from '#snapshot';
import type { ClientPort } from '../relay/client-port.js';
import type { ClientSession } from '../sessions/client-session.js';
import type {
  ConformingCall,
  LimitedCall,
  LocalCall,
  PostedCall,
  PostedMessage,
  RoutedCall,
  UpstreamCall,
} from './calls.js';
import type { MethodRule } from './method-rules.js';

/**
 * One message on its way through the steps: one object of one shape, which every step adds to, because copies of a dozen
 * members for each step cost more than the step itself. The types of the steps keep showing only what is there by then.
 */
class MessageCall {
  readonly posted: PostedCall;
  readonly snapshot: CatalogSnapshot;
  readonly principal: Principal;
  readonly tokenHash: string;
  readonly session: ClientSession | null;
  protocolVersion = '';
  rule: MethodRule | null = null;
  target: Target | null = null;

  constructor(
    { posted, snapshot, principal, tokenHash, session }: LimitedCall,
    readonly message: PostedMessage,
    readonly client: ClientPort,
    readonly endpoint: Endpoint,
  ) {
    this.posted = posted;
    this.snapshot = snapshot;
    this.principal = principal;
    this.tokenHash = tokenHash;
    this.session = session;
  }
}

/** The object is a {@link MessageCall}: `routed` makes all of them. */
const made = (call: RoutedCall): MessageCall => call as unknown as MessageCall;

/** Begins the way of one message. */
export const routed = (call: LimitedCall, message: PostedMessage, client: ClientPort, endpoint: Endpoint): RoutedCall =>
  new MessageCall(call, message, client, endpoint) as unknown as RoutedCall;

/** The message speaks this revision. */
export function conforming(call: RoutedCall, protocolVersion: string): ConformingCall {
  made(call).protocolVersion = protocolVersion;
  return call as ConformingCall;
}

/** The request may go on to what the gateway answers itself … */
export function toAnswerHere(call: ConformingCall, rule: MethodRule): LocalCall {
  made(call).rule = rule;
  return call as LocalCall;
}

/** … or to this object of an upstream. */
export function toUpstream(call: ConformingCall, rule: MethodRule, target: Target): UpstreamCall {
  const own = made(call);
  own.rule = rule;
  own.target = target;
  return call as UpstreamCall;
}
