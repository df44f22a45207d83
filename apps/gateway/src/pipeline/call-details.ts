import type { Era } from '#contracts';
import type { Endpoint, Target } from '#snapshot';
import { askedName } from './asked-object.js';
import type { Answer, AuthorizedCall, IdentifiedCall, PostedMessage, RoutedCall } from './calls.js';

/** How much of a name goes into a record. */
export const nameLength = 200;

type Details = Readonly<Record<string, unknown>>;

/** What the details of a record are made of. */
interface Recorded {
  readonly identified: IdentifiedCall;
  readonly message: PostedMessage;
  readonly routed: RoutedCall | null;
  readonly authorized: AuthorizedCall | null;
}

/** What a tool call with a good answer says of it, and one that the tool answered with an error. */
export const toolAnswered: Details = Object.freeze({ resultIsError: false });
export const toolFailed: Details = Object.freeze({ resultIsError: true });

const nameFields: Readonly<Record<string, string>> = {
  'tools/call': 'tool',
  'prompts/get': 'prompt',
  'resources/read': 'resource',
  'resources/subscribe': 'resource',
  'resources/unsubscribe': 'resource',
  'completion/complete': 'completed',
};

function made({ authorized, identified, message, routed }: Recorded, answer: Answer): Details {
  const field = nameFields[message.method];
  return {
    server: routed?.endpoint.slug ?? identified.posted.route.name,
    upstream: authorized?.target?.upstream.slug ?? null,
    ...(field === undefined ? {} : { [field]: askedName(message)?.slice(0, nameLength) ?? null }),
    era: message.era,
    protocolVersion: message.version?.slice(0, 40) ?? null,
    httpStatus: answer.status,
    ...answer.details,
  };
}

interface Last {
  readonly endpoint: Endpoint;
  readonly era: Era;
  readonly version: string | null;
  readonly status: number;
  readonly details: Details;
}

/** By the snapshot's own object of the tool, with which it goes. */
const lastOf = new WeakMap<Target, Last>();

/**
 * Facts of a call for its record. Nearly all calls are good calls of tools, and say the same each time: they share one
 * frozen object, of which the audit log keeps the text.
 */
export function callDetails(recorded: Recorded, answer: Answer): Details {
  const { authorized, message, routed } = recorded;
  const target = authorized?.target ?? null;
  const endpoint = routed?.endpoint ?? null;
  // A name that leads to a tool is that tool's; the target of a pass-through is made for each call.
  const isShared = answer.details === toolAnswered && message.method === 'tools/call' && endpoint?.kind !== 'upstream';
  if (!isShared || target === null || endpoint === null) return made(recorded, answer);
  const { era, version } = message;
  const { status } = answer;
  const last = lastOf.get(target);
  if (last?.endpoint === endpoint && last.era === era && last.version === version && last.status === status)
    return last.details;
  const details = Object.freeze(made(recorded, answer));
  lastOf.set(target, { endpoint, era, version, status, details });
  return details;
}
