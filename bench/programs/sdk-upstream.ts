// An upstream built with the MCP SDK, as most servers are: stateless streamable HTTP, JSON answers.
import { createServer } from 'node:http';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { answer, toolsOf } from './mcp-answers.js';
import { announce } from './program.js';

const tools = toolsOf(10);

function newServer(): Server {
  const server = new Server({ name: 'bench-sdk', version: '1' }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    const result = await answer({ id: 1, method: 'tools/call', params }, tools, 'legacy');
    return result as never;
  });
  return server;
}

announce(
  createServer((request, response) => {
    const serve = async (): Promise<void> => {
      const server = newServer();
      const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true });
      response.on('close', () => {
        void transport.close();
        void server.close();
      });
      await server.connect(transport);
      await transport.handleRequest(request, response);
    };
    serve().catch(() => response.destroy());
  }),
);
