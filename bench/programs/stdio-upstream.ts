// The plain upstream behind standard input and output, for peers that can do nothing else, and for the gateway beside
// them. Legacy era. Options: --tools N
import { createInterface } from 'node:readline';
import { answer, toolsOf, type McpRequest } from './mcp-answers.js';
import { option } from './program.js';

const tools = toolsOf(Number(option('tools', '10')));
const write = (id: unknown, result: unknown): unknown =>
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`);

createInterface({ input: process.stdin }).on('line', (line) => {
  const request = JSON.parse(line) as McpRequest;
  if (request.id === undefined) return;
  const result = answer(request, tools, 'legacy');
  if (result instanceof Promise) void result.then((done) => write(request.id, done));
  else if (result !== null) write(request.id, result);
  else
    process.stdout.write(
      `${JSON.stringify({ jsonrpc: '2.0', id: request.id, error: { code: -32601, message: 'Method not found' } })}\n`,
    );
});
