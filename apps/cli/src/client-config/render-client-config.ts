/** The MCP clients that `gatehouse client config` knows. */
export const clientNames = [
  'claude-code',
  'claude-desktop',
  'cursor',
  'vscode',
  'windsurf',
  'mcp-remote',
  'inspector',
] as const;

/** One of {@link clientNames}. */
export type ClientName = (typeof clientNames)[number];

/** What a client has to know. */
export interface ClientEndpoint {
  /** The name that the server gets in the client. */
  readonly name: string;
  readonly url: string;
  /** The API token; null leaves a place for it. */
  readonly token: string | null;
}

/** Configuration that is ready to paste. */
export interface ClientConfig {
  /** Where it belongs, in words. */
  readonly target: string;
  readonly format: 'shell' | 'json';
  readonly content: string;
}

const placeholder = 'YOUR_TOKEN';
const inspectorVersion = '2.12.0';

const bearer = ({ token }: ClientEndpoint): string => `Bearer ${token ?? placeholder}`;
const json = (target: string, value: unknown): ClientConfig => ({
  target,
  format: 'json',
  content: JSON.stringify(value, null, 2),
});
const shell = (content: string): ClientConfig => ({ target: 'run in a terminal', format: 'shell', content });
const servers = (endpoint: ClientEndpoint, entry: object) => ({ mcpServers: { [endpoint.name]: entry } });

/** Without a token VS Code asks for one and keeps it out of a file that is often committed. */
function vscode(endpoint: ClientEndpoint): object {
  const { name, url, token } = endpoint;
  const entry = (authorization: string) => ({
    [name]: { type: 'http', url, headers: { Authorization: authorization } },
  });
  if (token !== null) return { servers: entry(bearer(endpoint)) };
  const id = `${name}-token`;
  return {
    inputs: [{ type: 'promptString', id, description: `API token for ${name}`, password: true }],
    servers: entry(`Bearer \${input:${id}}`),
  };
}

/** The header goes through a variable, because some clients split arguments at spaces. */
function mcpRemote(endpoint: ClientEndpoint): object {
  const { url } = endpoint;
  const plain = url.startsWith('http:') ? ['--allow-http'] : [];
  const args = [
    '-y',
    'mcp-remote',
    url,
    '--transport',
    'http-only',
    ...plain,
    '--header',
    'Authorization:${AUTH_HEADER}',
  ];
  return servers(endpoint, { command: 'npx', args, env: { AUTH_HEADER: bearer(endpoint) } });
}

const renderers: Readonly<Record<ClientName, (endpoint: ClientEndpoint) => ClientConfig>> = {
  'claude-code': (endpoint) =>
    shell(
      `claude mcp add --transport http ${endpoint.name} ${endpoint.url} --header "Authorization: ${bearer(endpoint)}"`,
    ),
  'claude-desktop': (endpoint) =>
    json(
      'claude_desktop_config.json (Settings → Developer → Edit Config), or .mcp.json of a project',
      servers(endpoint, { type: 'http', url: endpoint.url, headers: { Authorization: bearer(endpoint) } }),
    ),
  cursor: (endpoint) =>
    json('~/.cursor/mcp.json', servers(endpoint, { url: endpoint.url, headers: { Authorization: bearer(endpoint) } })),
  vscode: (endpoint) => json('.vscode/mcp.json', vscode(endpoint)),
  windsurf: (endpoint) =>
    json(
      '~/.codeium/windsurf/mcp_config.json',
      servers(endpoint, { serverUrl: endpoint.url, headers: { Authorization: bearer(endpoint) } }),
    ),
  'mcp-remote': (endpoint) => json('the configuration of a client that only starts commands', mcpRemote(endpoint)),
  inspector: (endpoint) =>
    shell(
      `npx -y @modelcontextprotocol/inspector@${inspectorVersion} --cli ${endpoint.url} --transport http --header "Authorization: ${bearer(endpoint)}" --method tools/list`,
    ),
};

/** What to paste into a client so that it reaches the endpoint. */
export const renderClientConfig = (client: ClientName, endpoint: ClientEndpoint): ClientConfig =>
  renderers[client](endpoint);
