import { PromptSchema, ResourceSchema, ResourceTemplateSchema, ToolSchema } from '@modelcontextprotocol/core';
import {
  PromptSchema as LegacyPromptSchema,
  ResourceSchema as LegacyResourceSchema,
  ResourceTemplateSchema as LegacyResourceTemplateSchema,
  ToolSchema as LegacyToolSchema,
} from '@modelcontextprotocol/sdk/types.js';
import type { CatalogKind, Era } from '#contracts';
import { isObject, type JsonObject } from '../envelope/messages.js';
import { readParamHeaders } from '../era/param-headers.js';
import { parseStrictText } from '../json/parse-strict-json.js';

/** One object of an upstream's catalogue. */
export interface CatalogObject {
  /** Name, URI or URI template: what identifies it at the upstream. */
  readonly key: string;
  readonly title: string | null;
  readonly description: string | null;
  readonly mimeType: string | null;
  /** The whole definition exactly as the upstream sent it. */
  readonly definition: string;
  readonly value: JsonObject;
}

interface Validator {
  safeParse(value: unknown): { success: boolean; error?: { issues: { path: PropertyKey[]; message: string }[] } };
}

/** How one kind is listed and which schema of its era says yes or no to a definition. */
export const catalogLists: Readonly<
  Record<CatalogKind, { method: string; member: string; key: string; validators: Readonly<Record<Era, Validator>> }>
> = {
  TOOL: {
    method: 'tools/list',
    member: 'tools',
    key: 'name',
    validators: { MODERN: ToolSchema, LEGACY: LegacyToolSchema },
  },
  RESOURCE: {
    method: 'resources/list',
    member: 'resources',
    key: 'uri',
    validators: { MODERN: ResourceSchema, LEGACY: LegacyResourceSchema },
  },
  RESOURCE_TEMPLATE: {
    method: 'resources/templates/list',
    member: 'resourceTemplates',
    key: 'uriTemplate',
    validators: { MODERN: ResourceTemplateSchema, LEGACY: LegacyResourceTemplateSchema },
  },
  PROMPT: {
    method: 'prompts/list',
    member: 'prompts',
    key: 'name',
    validators: { MODERN: PromptSchema, LEGACY: LegacyPromptSchema },
  },
};

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const MAX_DEPTH = 128;
const MAX_KEY = 2048;

function readStrictly(definition: string): JsonObject | string {
  try {
    const { value } = parseStrictText(definition, { maxDepth: MAX_DEPTH, maxKeys: 100_000 });
    return isObject(value) ? value : 'it is not an object';
  } catch (error) {
    return error instanceof Error ? error.message : 'it cannot be read';
  }
}

/**
 * Reads one definition, or says why it must be left out. One bad object never costs the rest of its list; an
 * invalid `x-mcp-header` excludes its tool (2026-07-28).
 */
export function readCatalogObject(
  kind: CatalogKind,
  era: Era,
  definition: string,
  maxBytes: number,
): CatalogObject | string {
  if (Buffer.byteLength(definition) > maxBytes)
    return `it is larger than ${maxBytes} bytes (GATEHOUSE_CATALOG_MAX_DEFINITION)`;
  const value = readStrictly(definition);
  if (typeof value === 'string') return value;
  const list = catalogLists[kind];
  const key = value[list.key];
  if (typeof key !== 'string' || key === '') return `it has no "${list.key}"`;
  if (key.length > MAX_KEY) return `its "${list.key}" is longer than ${MAX_KEY} characters`;
  const checked = list.validators[era].safeParse(value);
  if (!checked.success) {
    const issue = checked.error?.issues[0];
    return `it breaks the protocol at "${issue?.path.map(String).join('.') ?? ''}": ${issue?.message ?? 'invalid'}`;
  }
  const params = kind === 'TOOL' ? readParamHeaders(value['inputSchema']) : null;
  if (params?.valid === false) return params.problem;
  return {
    key,
    title: text(value['title']),
    description: text(value['description']),
    mimeType: text(value['mimeType']),
    definition,
    value,
  };
}
