// An MCP server on stdio, made with SDK v1. Unlike the reference server it offers the tools that ask its client to everybody, so they
// are in the catalogue.
//   steps   tells three steps of progress, in turns with as many other calls as `arguments.together` says, and logs
//   sample  asks for a sample      elicit  asks for input      pid  says which process it is      die  ends it
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';

const server = new Server(
  { name: 'asking', version: '1' },
  { capabilities: { tools: { listChanged: true }, logging: {} } },
);
const inputSchema = { type: 'object' };
const text = (value) => ({ content: [{ type: 'text', text: String(value) }] });
const waiting = [];

/** Waits for so many calls of its kind. */
const meet = (count) =>
  new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length >= count) for (const go of waiting.splice(0)) go();
  });

async function steps({ arguments: { who, together = 1 } = {}, _meta }, extra) {
  await meet(together);
  for (const progress of [1, 2, 3]) {
    const params = { progressToken: _meta?.progressToken, progress, total: 3, message: who };
    if (params.progressToken !== undefined) await extra.sendNotification({ method: 'notifications/progress', params });
    await server.sendLoggingMessage({ level: 'error', data: `log of ${who}` });
  }
  return text(`done for ${who}`);
}

const tools = {
  steps,
  sample: async () => {
    const messages = [{ role: 'user', content: { type: 'text', text: 'hi' } }];
    const { content } = await server.createMessage({ messages, maxTokens: 5 });
    return text(content.text);
  },
  elicit: async () => {
    const requestedSchema = { type: 'object', properties: { name: { type: 'string' } } };
    const { content } = await server.elicitInput({ message: 'Who?', requestedSchema });
    return text(content?.name);
  },
  pid: () => text(process.pid),
  die: () => process.exit(3),
};

server.setRequestHandler(ListToolsRequestSchema, () => ({
  tools: Object.keys(tools).map((name) => ({ name, inputSchema })),
}));
server.setRequestHandler(CallToolRequestSchema, ({ params }, extra) => tools[params.name](params, extra));
await server.connect(new StdioServerTransport());
