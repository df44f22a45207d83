import { isObject, readParamHeaders, type ParamHeader } from '#mcp';
import type { Target } from '#snapshot';

const known = new WeakMap<Target, readonly ParamHeader[]>();
const none: readonly ParamHeader[] = [];

function read({ definition }: Target): readonly ParamHeader[] {
  // The usual tool has none, and this look is much cheaper than parsing.
  if (!definition.includes('x-mcp-header')) return none;
  const value: unknown = JSON.parse(definition);
  const declared = isObject(value) ? readParamHeaders(value['inputSchema']) : null;
  return declared?.valid ? declared.headers : none;
}

/** The `x-mcp-header` declarations of a tool, read once for as long as the snapshot keeps the tool. */
export function paramHeadersOf(tool: Target): readonly ParamHeader[] {
  const found = known.get(tool) ?? read(tool);
  known.set(tool, found);
  return found;
}
