import { isObject, type JsonObject } from '../envelope/messages.js';
import { memberValue, rewriteObject } from '../json/json-text.js';

/** How tools named their page before `_meta.ui` (MCP Apps, SEP-1865). */
const flatKey = 'ui/resourceUri';

/**
 * A tool with the page that shows its results (extension `io.modelcontextprotocol/ui`) under the URI by which clients of
 * the endpoint can read it; the same text where it has none.
 */
export function exposeAppUri(text: string, tool: JsonObject, expose: (uri: string) => string): string {
  const meta = tool['_meta'];
  if (!isObject(meta)) return text;
  const { ui, [flatKey]: flat } = meta;
  const metaText = memberValue(text, '_meta') ?? '{}';
  const changes: Record<string, string> = {};
  if (typeof flat === 'string') changes[flatKey] = JSON.stringify(expose(flat));
  if (isObject(ui) && typeof ui['resourceUri'] === 'string')
    changes['ui'] = rewriteObject(memberValue(metaText, 'ui') ?? '{}', {
      resourceUri: JSON.stringify(expose(ui['resourceUri'])),
    });
  return Object.keys(changes).length === 0 ? text : rewriteObject(text, { _meta: rewriteObject(metaText, changes) });
}
