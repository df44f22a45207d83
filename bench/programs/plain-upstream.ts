// The upstream of the benchmark: plain node:http, stateless streamable HTTP, JSON answers, nothing kept and nothing
// cached (tools/list is serialised for every request, as servers do).
// Options: --era legacy|modern  --tools N
import { createServer, type ServerResponse } from 'node:http';
import { answer, toolsOf, type McpRequest } from './mcp-answers.js';
import { announce, option } from './program.js';

const era = option('era', 'legacy');
const tools = toolsOf(Number(option('tools', '10')));

function send(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length });
  response.end(bytes);
}

function serve(response: ServerResponse, request: McpRequest): void {
  const { id } = request;
  if (id === undefined) {
    response.writeHead(202).end();
    return;
  }
  const result = answer(request, tools, era);
  if (result === null) {
    const error = { code: -32601, message: 'Method not found' };
    send(response, era === 'modern' ? 404 : 200, { jsonrpc: '2.0', id, error });
  } else if (result instanceof Promise)
    result.then((done) => send(response, 200, { jsonrpc: '2.0', id, result: done })).catch(() => response.destroy());
  else send(response, 200, { jsonrpc: '2.0', id, result });
}

announce(
  createServer((request, response) => {
    if (request.method !== 'POST') {
      response.writeHead(405).end();
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      try {
        serve(response, JSON.parse(Buffer.concat(chunks).toString()) as McpRequest);
      } catch {
        response.writeHead(400).end();
      }
    });
  }),
);
