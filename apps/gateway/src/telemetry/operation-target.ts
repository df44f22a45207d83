import type { TelemetryAttributes } from '#observability';

/** The second word of a span's name: tool or prompt, never a URI, of which there are too many. */
export const spanTarget = (method: string, name: string): string | null =>
  method === 'tools/call' || method === 'prompts/get' ? name : null;

/** How the conventions call the object of a method. */
export function targetAttributes(method: string, name: string): TelemetryAttributes {
  if (method === 'tools/call') return { 'gen_ai.tool.name': name, 'gen_ai.operation.name': 'execute_tool' };
  if (method === 'prompts/get') return { 'gen_ai.prompt.name': name };
  return method.startsWith('resources/') ? { 'mcp.resource.uri': name } : {};
}
