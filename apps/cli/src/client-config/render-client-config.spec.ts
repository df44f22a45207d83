import { describe, expect, it } from 'vitest';
import { clientNames, renderClientConfig, type ClientName } from './render-client-config.js';

const url = 'http://127.0.0.1:4100/servers/demo/mcp';
const render = (client: ClientName, token: string | null = 'gth_x') =>
  renderClientConfig(client, { name: 'demo', url, token });
const parsed = (client: ClientName, token?: string | null): unknown => JSON.parse(render(client, token).content);
const headers = { Authorization: 'Bearer gth_x' };

describe('renderClientConfig [CLI-9]', () => {
  it('prints one command for Claude Code', () => {
    expect(render('claude-code')).toEqual({
      target: 'run in a terminal',
      format: 'shell',
      content: `claude mcp add --transport http demo ${url} --header "Authorization: Bearer gth_x"`,
    });
  });

  it('prints the file of each client with the keys that it reads', () => {
    expect(parsed('claude-desktop')).toEqual({ mcpServers: { demo: { type: 'http', url, headers } } });
    expect(parsed('cursor')).toEqual({ mcpServers: { demo: { url, headers } } });
    expect(parsed('vscode')).toEqual({ servers: { demo: { type: 'http', url, headers } } });
    expect(parsed('windsurf')).toEqual({ mcpServers: { demo: { serverUrl: url, headers } } });
  });

  it('lets VS Code ask for a token that is not given', () => {
    expect(parsed('vscode', null)).toMatchObject({
      inputs: [{ type: 'promptString', id: 'demo-token', password: true }],
      servers: { demo: { headers: { Authorization: 'Bearer ${input:demo-token}' } } },
    });
  });

  it('hands mcp-remote the header without a space in an argument', () => {
    expect(parsed('mcp-remote')).toEqual({
      mcpServers: {
        demo: {
          command: 'npx',
          args: [
            '-y',
            'mcp-remote',
            url,
            '--transport',
            'http-only',
            '--allow-http',
            '--header',
            'Authorization:${AUTH_HEADER}',
          ],
          env: { AUTH_HEADER: 'Bearer gth_x' },
        },
      },
    });
    const secure = renderClientConfig('mcp-remote', { name: 'demo', url: 'https://h/mcp', token: 't' });
    expect(secure.content).not.toContain('--allow-http');
  });

  it('prints a command for the Inspector', () => {
    expect(render('inspector').content).toContain(
      `--cli ${url} --transport http --header "Authorization: Bearer gth_x"`,
    );
  });

  it.each(clientNames)('names the server, its address and a place for the token: %s', (client) => {
    const { content } = render(client, null);
    expect(content).toContain(url);
    expect(content).toMatch(client === 'vscode' ? /\$\{input:demo-token\}/ : /Bearer YOUR_TOKEN/);
  });
});
