import { isObject, type JsonObject } from '../envelope/messages.js';
import { META } from '../era/protocol-versions.js';
import { memberValue, rewriteObject } from '../json/json-text.js';
import { cacheable } from './cacheable.js';
import { exposeInputRequests } from './expose-server-request.js';
import { exposeTasks } from './expose-tasks.js';
import { exposeUris } from './expose-uris.js';
import { fitTools } from './fit-tools.js';
import type { ReplyContext } from './reply-context.js';

/** The `_meta` of a modern result without what legacy servers do not say; null where nothing else is in it. */
function legacyMeta(resultText: string): string | null {
  const text = rewriteObject(memberValue(resultText, '_meta') ?? '{}', { [META.serverInfo]: null });
  return text === '{}' ? null : text;
}

/**
 * L←M: the legacy schemas know neither result types nor caching, reject structured content that is no object, and have
 * the server introduce itself once.
 */
function towardsLegacy(result: JsonObject, resultText: () => string): Record<string, string | null> {
  const changes: Record<string, string | null> = {};
  // A task keeps its type and its time to live: its client asked for the extension that defines them.
  if (result['resultType'] === 'task') return changes;
  for (const key of ['resultType', 'ttlMs', 'cacheScope'])
    if (key in result && !(key === 'ttlMs' && 'taskId' in result)) changes[key] = null;
  const { _meta } = result;
  if (isObject(_meta) && META.serverInfo in _meta) changes['_meta'] = legacyMeta(resultText());
  if ('structuredContent' in result && !isObject(result['structuredContent'])) changes['structuredContent'] = null;
  return changes;
}

/** M←L: what the modern schemas require of every result. Nothing is promised about freshness. */
function towardsModern(
  { method, serverInfo }: ReplyContext,
  result: JsonObject,
  resultText: string,
): Record<string, string | null> {
  const meta = result['_meta'];
  const info = { [META.serverInfo]: JSON.stringify(serverInfo) };
  return {
    resultType: '"complete"',
    ...(cacheable.has(method) ? { ttlMs: '0', cacheScope: '"private"' } : {}),
    _meta: rewriteObject(isObject(meta) ? (memberValue(resultText, '_meta') ?? '{}') : '{}', info),
  };
}

/**
 * M←M: an answer given to one caller must not be shared with another, since Gatehouse decides who may read what; and the
 * state of an unfinished call must come back from the same caller for the same call.
 */
function betweenModern({ method, sealState }: ReplyContext, result: JsonObject): Record<string, string> {
  const changes: Record<string, string> = {};
  if (result['cacheScope'] === 'public' && cacheable.has(method)) changes['cacheScope'] = '"private"';
  const { requestState } = result;
  if (sealState != null && typeof requestState === 'string' && result['resultType'] === 'input_required')
    changes['requestState'] = JSON.stringify(sealState(requestState));
  return changes;
}

function eraChanges(input: ReplyContext, result: JsonObject, resultText: () => string): Record<string, string | null> {
  if (input.clientEra === 'LEGACY') return input.upstreamEra === 'LEGACY' ? {} : towardsLegacy(result, resultText);
  return input.upstreamEra === 'LEGACY' ? towardsModern(input, result, resultText()) : betweenModern(input, result);
}

/**
 * The members of a result that the client gets in another form (JSON text) or not at all (null). `resultText` is the text
 * of the same result, made only where it is needed.
 */
export function resultChanges(
  context: ReplyContext,
  result: JsonObject,
  resultText: () => string,
): Record<string, string | null> {
  const { clientEra, exposeTask, exposeUri, method, upstreamEra } = context;
  const changes = eraChanges(context, result, resultText);
  if (method === 'tools/list' && clientEra !== upstreamEra)
    Object.assign(changes, fitTools(resultText, result, clientEra));
  if (exposeUri !== null) Object.assign(changes, exposeUris(method, resultText, result, exposeUri));
  if ('inputRequests' in result)
    Object.assign(changes, exposeInputRequests(resultText, result, { exposeTask: exposeTask ?? null, exposeUri }));
  if (exposeTask != null) {
    const fitted = ['_meta', 'result'].filter((member) => typeof changes[member] === 'string');
    // What has been fitted already is what names a task.
    const parts = Object.fromEntries(fitted.map((member) => [member, changes[member] ?? null]));
    const text = fitted.length > 0 ? () => rewriteObject(resultText(), parts) : resultText;
    Object.assign(changes, exposeTasks(text, result, exposeTask));
  }
  return changes;
}
