// An MCP server on stdio, spoken line by line without an SDK. Its tools show what the program was given.
//   seen      its environment, and every line that it has read
//   echo      its arguments
//   together  waits for `arguments.count` calls of its kind, then all of them report progress in turns and end
//   wait      is never answered
import { createInterface } from 'node:readline';

const lines = [];
const together = [];
const say = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const text = (value) => ({
  content: [{ type: 'text', text: typeof value === 'string' ? value : JSON.stringify(value) }],
});
const inputSchema = { type: 'object' };

function meet(message) {
  together.push(message);
  if (together.length < message.params.arguments.count) return;
  const met = together.splice(0);
  for (const progress of [1, 2, 3])
    for (const { params } of met) {
      const progressToken = params._meta?.progressToken;
      const told = { progressToken, progress, message: params.arguments.who };
      if (progressToken !== undefined) say({ method: 'notifications/progress', params: told });
    }
  for (const { id, params } of met) say({ id, result: text(params.arguments.who) });
}

function call(message) {
  const { id, params } = message;
  if (params.name === 'together') meet(message);
  else if (params.name === 'seen') say({ id, result: text({ env: process.env, argv: process.argv, lines }) });
  else if (params.name !== 'wait') say({ id, result: text(params.arguments ?? {}) });
}

createInterface({ input: process.stdin }).on('line', (line) => {
  lines.push(line);
  const message = JSON.parse(line);
  const { id, method, params } = message;
  if (id === undefined || method === undefined) return;
  if (method === 'initialize')
    say({
      id,
      result: {
        protocolVersion: params.protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: 'stdio', version: '1' },
      },
    });
  else if (method === 'tools/list')
    say({ id, result: { tools: ['seen', 'echo', 'together', 'wait'].map((name) => ({ name, inputSchema })) } });
  else if (method === 'tools/call') call(message);
  else if (method === 'ping') say({ id, result: {} });
  else say({ id, error: { code: -32601, message: `no ${method}` } });
});
