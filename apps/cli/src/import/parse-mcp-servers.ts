import { z } from 'zod';
import { failed } from '../command-failure.js';
import { slugFromName } from './slug-from-name.js';

/** One entry of a client's file, as far as it can become an upstream. */
export type ImportEntry =
  | { readonly name: string; readonly upstream: ImportedUpstream; readonly problem?: undefined }
  | { readonly name: string; readonly upstream?: undefined; readonly problem: string };

/** An upstream as a client's file describes it. */
export interface ImportedUpstream {
  readonly slug: string;
  readonly name: string;
  readonly url: string;
  readonly authHeader?: string;
  readonly authSecret?: string;
}

const fileShape = z.union([
  z.object({ mcpServers: z.record(z.string(), z.unknown()) }),
  z.object({ servers: z.record(z.string(), z.unknown()) }).transform(({ servers }) => ({ mcpServers: servers })),
]);

/** Clients write the address as `url` (most), `serverUrl` (Windsurf) or `httpUrl` (Gemini CLI). */
const entryShape = z.object({
  type: z.string().optional(),
  transport: z.string().optional(),
  url: z.string().optional(),
  serverUrl: z.string().optional(),
  httpUrl: z.string().optional(),
  command: z.unknown().optional(),
  headers: z.record(z.string(), z.string()).optional(),
});

const mostEntries = 500;

/**
 * The entries of a `{"mcpServers":{…}}` file (or VS Code's `{"servers":{…}}`), each with an upstream or a problem.
 * @throws CommandFailure for text that is no such file
 */
export function parseMcpServers(text: string): ImportEntry[] {
  const parsed = fileShape.safeParse(parseJson(text));
  if (!parsed.success)
    throw failed(
      'The file holds no MCP servers.',
      'It must be JSON of the form {"mcpServers":{"name":{"url":"https://…"}}}.',
    );
  const named = Object.entries(parsed.data.mcpServers);
  if (named.length > mostEntries)
    throw failed(`The file has ${named.length} entries; at most ${mostEntries} are imported.`);
  const taken = new Map<string, string>();
  return named.map(([name, value]) => {
    const entry = parseEntry(name, value);
    if (!entry.upstream) return entry;
    const other = taken.get(entry.upstream.slug);
    taken.set(entry.upstream.slug, name);
    return other === undefined ? entry : { name, problem: `becomes the same slug as "${other}"; rename one of them` };
  });
}

function parseJson(text: string): unknown {
  try {
    // A file that Windows wrote may begin with a byte order mark.
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw failed(`The file is not JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

function parseEntry(name: string, value: unknown): ImportEntry {
  const parsed = entryShape.safeParse(value);
  if (!parsed.success)
    return { name, problem: `is malformed at ${parsed.error.issues[0]?.path.join('.') || 'its top'}` };
  const { command, headers = {}, ...rest } = parsed.data;
  const url = rest.url ?? rest.serverUrl ?? rest.httpUrl;
  if (url === undefined)
    return command === undefined
      ? { name, problem: 'has neither url nor command' }
      : { name, problem: 'is a stdio server (command), which is not supported yet; give it an HTTP address' };
  if ((rest.type ?? rest.transport) === 'sse')
    return { name, problem: 'speaks HTTP+SSE, which is not supported yet; use its streamable HTTP address' };
  const slug = slugFromName(name);
  if (slug === null) return { name, problem: 'has a name without letters or digits; rename it' };
  return withCredential(name, { slug, name, url }, Object.entries(headers));
}

function withCredential(
  name: string,
  upstream: ImportedUpstream,
  headers: readonly (readonly [string, string])[],
): ImportEntry {
  const [header, second] = headers;
  if ([upstream.url, ...headers.map(([, value]) => value)].some((text) => text.includes('${')))
    return { name, problem: 'holds a ${…} reference, which is not resolved; write the value itself' };
  if (second) return { name, problem: `has ${headers.length} headers; an upstream carries one credential header` };
  if (!header) return { name, upstream };
  return { name, upstream: { ...upstream, authHeader: header[0], authSecret: header[1] } };
}
