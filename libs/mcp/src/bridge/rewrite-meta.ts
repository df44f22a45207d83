import { memberValue, rewriteObject } from '../json/json-text.js';

/**
 * A JSON-RPC request with some members of `params._meta` set (JSON text) or removed (null); everything else keeps its
 * exact text. `_meta` and `params` are made where they are missing. The text must be a valid request: parse it first.
 */
export function rewriteMeta(text: string, changes: Readonly<Record<string, string | null>>): string {
  const params = memberValue(text, 'params');
  const meta = params?.startsWith('{') ? memberValue(params, '_meta') : null;
  const newMeta = rewriteObject(meta?.startsWith('{') ? meta : '{}', changes);
  return rewriteObject(text, { params: rewriteObject(params?.startsWith('{') ? params : '{}', { _meta: newMeta }) });
}
