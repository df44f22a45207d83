import { isObject, type JsonObject } from '../envelope/messages.js';
import { arrayElements, memberValue, rewriteObject } from '../json/json-text.js';

type Expose = (uri: string) => string;

const uriOf = (value: unknown): string | null =>
  isObject(value) && typeof value['uri'] === 'string' ? value['uri'] : null;

/** One content block with its URI as clients of a prefixed endpoint see it; null when it carries none. */
function block(text: string, value: unknown, expose: Expose): string | null {
  if (!isObject(value)) return null;
  const link = value['type'] === 'resource_link' ? uriOf(value) : null;
  if (link !== null) return rewriteObject(text, { uri: JSON.stringify(expose(link)) });
  const embedded = value['type'] === 'resource' ? uriOf(value['resource']) : null;
  if (embedded === null) return null;
  const resource = rewriteObject(memberValue(text, 'resource') ?? '{}', { uri: JSON.stringify(expose(embedded)) });
  return rewriteObject(text, { resource });
}

/** What becomes of one element of an array; null: it stays. */
type Rewrite = (text: string, value: unknown, expose: Expose) => string | null;

function each(text: string | null, values: unknown, expose: Expose, rewrite: Rewrite): string | null {
  if (text === null || !Array.isArray(values)) return null;
  let changed = false;
  const elements = arrayElements(text).map((element, index) => {
    const rewritten = rewrite(element, values[index], expose);
    changed ||= rewritten !== null;
    return rewritten ?? element;
  });
  return changed ? `[${elements.join(',')}]` : null;
}

const contents: Rewrite = (text, value, expose) => {
  const uri = uriOf(value);
  return uri === null ? null : rewriteObject(text, { uri: JSON.stringify(expose(uri)) });
};

const promptMessage: Rewrite = (text, value, expose) => {
  if (!isObject(value)) return null;
  const content = block(memberValue(text, 'content') ?? '', value['content'], expose);
  return content === null ? null : rewriteObject(text, { content });
};

const samplingBlock: Rewrite = (text, value, expose) => {
  const shown = block(text, value, expose);
  const nested = isObject(value) ? each(memberValue(text, 'content'), value['content'], expose, block) : null;
  return nested === null ? shown : rewriteObject(shown ?? text, { content: nested });
};

/**
 * The content of a message to or from a client's model, one block or several, in which results of tools carry blocks of
 * their own (2025-11-25, Sampling); null where no URI changes.
 */
export const samplingContent: Rewrite = (text, value, expose) =>
  Array.isArray(value) ? each(text, value, expose, samplingBlock) : samplingBlock(text, value, expose);

const samplingMessage: Rewrite = (text, value, expose) => {
  if (!isObject(value)) return null;
  const content = samplingContent(memberValue(text, 'content') ?? '', value['content'], expose);
  return content === null ? null : rewriteObject(text, { content });
};

/** The messages of `sampling/createMessage`; null where no URI changes. */
export const samplingMessages: Rewrite = (text, value, expose) => each(text, value, expose, samplingMessage);

const carriesUri = (content: unknown): boolean => {
  const one = (value: unknown) =>
    isObject(value) && (value['type'] === 'resource_link' || value['type'] === 'resource');
  return Array.isArray(content) && content.some((item) => one(item) || (isObject(item) && one(item['content'])));
};

/**
 * The members of a result whose resource URIs must be shown under their prefixed form, so that a client can follow them
 * through the same endpoint (docs/protocol-support.md). Results without URIs, the usual case, cost one look at each block.
 */
export function exposeUris(
  method: string,
  resultText: () => string,
  result: JsonObject,
  expose: Expose,
): Record<string, string> {
  const change = (member: string, rewrite: Rewrite): Record<string, string> => {
    const text = each(memberValue(resultText(), member), result[member], expose, rewrite);
    return text === null ? {} : { [member]: text };
  };
  if (method === 'resources/read') return change('contents', contents);
  if ((method === 'tools/call' || method === 'tasks/result') && carriesUri(result['content']))
    return change('content', block);
  if (method === 'prompts/get' && carriesUri(result['messages'])) return change('messages', promptMessage);
  if (method === 'tasks/get' && isObject(result['result'])) {
    const inner = memberValue(resultText(), 'result') ?? '{}';
    const changes = exposeUris('tools/call', () => inner, result['result'], expose);
    return Object.keys(changes).length === 0 ? {} : { result: rewriteObject(inner, changes) };
  }
  return {};
}
