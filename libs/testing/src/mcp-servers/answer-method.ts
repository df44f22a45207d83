import { textOf, type FixtureCatalogue, type FixtureObject, type Json } from './fixture-catalogue.js';

/** A JSON-RPC error that a fixture answers with. */
export class FixtureError extends Error {
  constructor(
    readonly code: number,
    message: string,
    readonly data?: unknown,
  ) {
    super(message);
  }
}

function page(member: string, definitions: Json[], params: Json, pageSize: number): Json {
  const cursor = params['cursor'];
  const start = cursor === undefined ? 0 : Number(Buffer.from(textOf(cursor), 'base64url').toString());
  if (!Number.isSafeInteger(start) || start < 0 || start > definitions.length)
    throw new FixtureError(-32602, 'Invalid cursor');
  const end = start + pageSize;
  const nextCursor = end < definitions.length ? { nextCursor: Buffer.from(String(end)).toString('base64url') } : {};
  return { [member]: definitions.slice(start, end), ...nextCursor };
}

function read(catalogue: FixtureCatalogue, uri: string, notFound: number): Json {
  const contents =
    catalogue.resources.find((resource) => resource.definition['uri'] === uri)?.contents ??
    (catalogue.resourceTemplates ?? []).map((template) => template.read(uri)).find((found) => found !== null);
  if (!contents) throw new FixtureError(notFound, 'Resource not found', { uri });
  return { contents: [contents] };
}

/** The result of one MCP method that both eras share; throws FixtureError. `notFound` is the era's code for resources. */
export async function answerMethod(
  catalogue: FixtureCatalogue,
  method: string,
  params: Json,
  options: { pageSize: number; notFound: number; signal: AbortSignal; capabilities: Json },
): Promise<Json> {
  const isThere = ({ needs }: FixtureObject) => needs === undefined || needs(options.capabilities);
  const definitions = (list: FixtureObject[]) => list.filter(isThere).map(({ definition }) => definition);
  const args = (params['arguments'] ?? {}) as Json;
  switch (method) {
    case 'tools/list':
      return page('tools', definitions(catalogue.tools), params, options.pageSize);
    case 'resources/list':
      return page('resources', definitions(catalogue.resources), params, options.pageSize);
    case 'resources/templates/list':
      if (catalogue.resourceTemplates === null) throw new FixtureError(-32601, 'Method not found');
      return page('resourceTemplates', definitions(catalogue.resourceTemplates), params, options.pageSize);
    case 'prompts/list':
      return page('prompts', definitions(catalogue.prompts), params, options.pageSize);
    case 'tools/call': {
      const tool = catalogue.tools.find(({ definition }) => definition['name'] === params['name']);
      if (!tool || !isThere(tool)) throw new FixtureError(-32602, `Unknown tool: ${String(params['name'])}`);
      return tool.run(args, options.signal, params);
    }
    case 'resources/read':
      return read(catalogue, String(params['uri']), options.notFound);
    case 'prompts/get': {
      const prompt = catalogue.prompts.find(({ definition }) => definition['name'] === params['name']);
      if (!prompt || !isThere(prompt)) throw new FixtureError(-32602, `Unknown prompt: ${String(params['name'])}`);
      return prompt.get(args);
    }
    default:
      throw new FixtureError(-32601, 'Method not found');
  }
}
