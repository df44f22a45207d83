import { discoverResult, EMPTY_RESULT, initializeResult, jsonRpcResult, type ServerIdentity } from '#mcp';
import type { Endpoint } from '#snapshot';
import type { Gateway } from '../gateway.js';
import type { Answer, LocalCall } from './calls.js';
import { listPage } from './list-page.js';

/** As for lists: who may see what can change at any moment. */
const discoverTtlMs = 0;

/** What an endpoint can be asked for: the kinds that it offers; an upstream's own endpoint may always be asked. */
function identityOf({ serverInfo }: Gateway, endpoint: Endpoint): ServerIdentity {
  const { instructions, kind, prompts, resourceTemplates, resources, tools } = endpoint;
  const always = kind === 'upstream';
  return {
    serverInfo,
    capabilities: {
      ...(always || tools.size > 0 ? { tools: {} } : {}),
      ...(always || resources.size > 0 || resourceTemplates.length > 0 ? { resources: {} } : {}),
      ...(always || prompts.size > 0 ? { prompts: {} } : {}),
    },
    instructions,
  };
}

function resultOf(gateway: Gateway, call: LocalCall): string {
  const { endpoint, message, protocolVersion, rule } = call;
  if (rule.kind !== null) return listPage(gateway, call, rule.kind);
  switch (message.method) {
    case 'initialize':
      return initializeResult(protocolVersion, identityOf(gateway, endpoint));
    case 'server/discover':
      return discoverResult(identityOf(gateway, endpoint), discoverTtlMs);
    default:
      return EMPTY_RESULT;
  }
}

/** Answers what needs no upstream: the handshake of either era, lists from the snapshot, ping. */
export const answerLocally = (gateway: Gateway, call: LocalCall): Answer => ({
  status: 200,
  body: jsonRpcResult(call.message.received.message.id, resultOf(gateway, call)),
  outcome: 'ALLOWED',
  reason: null,
});
