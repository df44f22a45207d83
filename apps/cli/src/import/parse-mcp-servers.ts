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
  readonly transport?: 'SSE';
  readonly url: string;
  readonly headers?: readonly { readonly name: string; readonly value: string }[];
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
      : {
          name,
          problem:
            'is a command line, which is never taken from a file: an operator allows it under a name in GATEHOUSE_STDIO_COMMANDS, then `gatehouse upstream add SLUG --command NAME` registers it',
        };
  const slug = slugFromName(name);
  if (slug === null) return { name, problem: 'has a name without letters or digits; rename it' };
  const transport = (rest.type ?? rest.transport) === 'sse' ? ({ transport: 'SSE' } as const) : {};
  return withHeaders(name, { slug, name, url, ...transport }, Object.entries(headers));
}

/** One header is taken for the credential; of several, `Authorization` is, and the others have fixed values. */
function withHeaders(
  name: string,
  upstream: ImportedUpstream,
  headers: readonly (readonly [string, string])[],
): ImportEntry {
  if ([upstream.url, ...headers.map(([, value]) => value)].some((text) => text.includes('${')))
    return { name, problem: 'holds a ${…} reference, which is not resolved; write the value itself' };
  const [first] = headers;
  if (!first) return { name, upstream };
  const credential =
    headers.length === 1 ? first : headers.find(([header]) => header.toLowerCase() === 'authorization');
  if (!credential)
    return { name, problem: `has ${headers.length} headers, none of them Authorization; which one is the credential?` };
  const fixed = headers.filter((header) => header !== credential).map(([header, value]) => ({ name: header, value }));
  return {
    name,
    upstream: {
      ...upstream,
      ...(fixed.length === 0 ? {} : { headers: fixed }),
      authHeader: credential[0],
      authSecret: credential[1],
    },
  };
}
