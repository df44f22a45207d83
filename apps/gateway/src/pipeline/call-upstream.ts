import { aggregatedUri } from '#contracts';
import { DomainError, type ErrorCode } from '#kernel';
import { translateUpstreamReply, upstreamFailureAnswer, type TranslatedReply } from '#mcp';
import type { Endpoint, UpstreamTarget } from '#snapshot';
import type { Gateway } from '../gateway.js';
import { ClientGone } from './call-error.js';
import type { Answer, UpstreamCall } from './calls.js';
import { claimOf, recheckOf } from './claim.js';
import { paramHeadersOf } from './param-headers-of.js';

const prefixed = new WeakMap<Endpoint, boolean>();

/** Whether the endpoint shows resources under a prefix; looked up once for as long as the snapshot keeps the endpoint. */
function showsPrefixes(endpoint: Endpoint): boolean {
  const known = prefixed.get(endpoint);
  if (known !== undefined) return known;
  const differs = ({ exposedName, originalName }: { exposedName: string; originalName: string }) =>
    exposedName !== originalName;
  const answer = [...endpoint.resources.values()].some(differs) || endpoint.resourceTemplates.some(differs);
  prefixed.set(endpoint, answer);
  return answer;
}

/** How links in results are spelled for this endpoint, so that a client can follow them here; null: as they are. */
function exposeUriOf(endpoint: Endpoint, upstream: UpstreamTarget): ((uri: string) => string) | null {
  if (endpoint.kind === 'aggregate') return (uri) => aggregatedUri(upstream.slug, uri);
  if (endpoint.kind === 'upstream' || !showsPrefixes(endpoint)) return null;
  return (uri) => {
    const shown = aggregatedUri(upstream.slug, uri);
    return endpoint.resolveResource(shown) === null ? uri : shown;
  };
}

/** What the call was answered, as the client and the audit log are told. */
function answerOf({ status, body, outcome, code }: TranslatedReply): Answer {
  if (outcome === 'rpc-error')
    return { status, body, outcome: 'FAILED', reason: 'UPSTREAM_RPC_ERROR', details: { rpcCode: code } };
  return { status, body, outcome: 'ALLOWED', reason: null, details: { resultIsError: outcome === 'tool-error' } };
}

const isUpstreamFailure = (error: unknown): error is DomainError =>
  error instanceof DomainError && error.code.startsWith('UPSTREAM_');

/**
 * Sends the request to its upstream and fits the answer to the client. The client's own credential and cookies stay
 * here. A failing upstream is told in-band (HTTP 200, −31002). The call ends early when its right is taken away, and,
 * for modern clients only, when the client closes the connection: that is how they cancel.
 */
export async function callUpstream(gateway: Gateway, call: UpstreamCall): Promise<Answer> {
  const { clock, metrics, running, serverInfo, snapshots, upstreams } = gateway;
  const { endpoint, message, posted, principal, target } = call;
  const { upstream } = target;
  const { era: clientEra, method, received } = message;
  const recheck = recheckOf(claimOf(call), snapshots, clock);
  const run = running.begin(recheck);
  const onClose = () => run.abort(new ClientGone());
  if (clientEra === 'MODERN') posted.response.once('close', onClose);
  const count = (outcome: 'ok' | ErrorCode) => metrics.upstreamRequest({ upstream: upstream.slug, outcome });
  try {
    const { era: upstreamEra, response } = await upstreams.send({
      upstream,
      tokenId: principal.tokenId,
      recheck,
      clientEra,
      received,
      originalName: target.originalName === target.exposedName ? null : target.originalName,
      paramHeaders: call.rule.kind === 'TOOL' ? paramHeadersOf(target) : [],
      requestId: posted.requestId,
      signal: run.signal,
    });
    count('ok');
    const exposeUri = exposeUriOf(endpoint, upstream);
    const clientId = received.message.id;
    const reply = {
      clientEra,
      upstreamEra,
      upstreamName: upstream.slug,
      method,
      clientId,
      reply: response,
      serverInfo,
    };
    return answerOf(translateUpstreamReply({ ...reply, exposeUri }));
  } catch (error) {
    // Why it was cut, in the words of whoever cut it: on its way here the error may have been dressed as the upstream's.
    if (run.signal.aborted) throw run.signal.reason;
    if (!isUpstreamFailure(error)) throw error;
    count(error.code);
    const body = upstreamFailureAnswer(received.message.id, upstream.slug, error.code);
    gateway.logger.warn({ err: error, requestId: posted.requestId, upstream: upstream.slug }, 'an upstream failed');
    return { status: 200, body, outcome: 'FAILED', reason: error.code };
  } finally {
    posted.response.off('close', onClose);
    run.end();
  }
}
