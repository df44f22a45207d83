import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonRpcNotification } from '../envelope/messages.js';
import type { UpstreamResponse } from '../upstream/upstream-reply.js';
import { exposeInputRequests, exposeServerRequest } from './expose-server-request.js';
import { exposeNotification } from './relay-notification.js';
import { translateUpstreamReply } from './translate-upstream-reply.js';

const exposure = { exposeUri: (uri: string) => `p:${uri}`, exposeTask: (id: string) => `t:${id}` };
const none = { exposeUri: null, exposeTask: null };
const shown = (text: string, by: Parameters<typeof exposeServerRequest>[2] = exposure) =>
  exposeServerRequest(text, JSON.parse(text) as JsonObject, by);

const meta = '"_meta":{ "io.modelcontextprotocol/related-task":{"taskId":"1","n":1.0},"progressToken":1.0}';
const link = '{"type":"resource_link", "uri":"x:","size":1.0}';
const embedded = '{"type":"resource","resource":{ "uri":"x:","text":"\\u0078:"}}';
const toolResult = (content: string) => `{"type":"tool_result","toolUseId":"x:","content":${content}}`;
const params = (content: string) =>
  `{"messages":[{"role":"user","content":${content}},{"role":"user","content":{"type":"text","text":"x:"}}],${meta},"maxTokens":1e2}`;
const named = (text: string) =>
  text.replaceAll('"uri":"x:"', '"uri":"p:x:"').replaceAll('"taskId":"1"', '"taskId":"t:1"');

describe('[EXP-1] what a server asks, with the names of the endpoint', () => {
  it.each([
    ['in a tool’s result', toolResult(`[${link},7,${embedded},{"type":"text","uri":"x"}]`)],
    [
      'among several blocks',
      `[{"type":"text","text":"a"},${toolResult(`[${embedded}]`)},null,${toolResult(`[${link}]`)}]`,
    ],
    ['alone', link],
    ['among other blocks', `[${embedded},{"type":"image","data":"","mimeType":"x"},${link}]`],
  ])('shows resources %s, and the task that it belongs to; every other byte stays', (_, content) => {
    expect(shown(params(content))).toBe(named(params(content)));
    expect(shown(params(content), none)).toBe(params(content));
    expect(shown(params(content), { ...exposure, exposeUri: null })).toBe(
      named(params(content)).replaceAll('p:x:', 'x:'),
    );
    expect(shown(params(content), { ...exposure, exposeTask: null })).toBe(named(params(content)).replace('t:1', '1'));
  });

  it.each([
    '{ "message":"x:" ,"requestedSchema":{},"_meta":{"taskId":"1"}}',
    '{"messages":"x:"}',
    '{"messages":[1,null,{"content":"x:"},{"content":[[]]},{"content":{"type":"tool_result","content":{"uri":"x:"}}},{}]}',
    '{"messages":[{"content":{"type":"tool_use","input":{"type":"resource_link","uri":"x:"}}}]}',
    '{"messages":[{"content":{"type":"resource_link","uri":7}},{"content":{"type":"resource","uri":"x:"}}]}',
    '{"_meta":{"io.modelcontextprotocol/related-task":{"taskId":1}}}',
    '{"_meta":{"io.modelcontextprotocol/related-task":"1"}}',
    '{}',
  ])('leaves %s', (text) => {
    expect(shown(text)).toBe(text);
  });

  it('leaves what is not there', () => {
    expect(exposeServerRequest('{}', undefined, exposure)).toBe('{}');
  });
});

describe('[EXP-2] what a server asks in a result', () => {
  const requests = `{"__proto__":{ "method":"sampling/createMessage","params":${params(link)}},"e":{"method":"elicitation/create","params":{"message":1.0}},"x":7,"y":{"params":[]}}`;
  const context = {
    clientEra: 'MODERN',
    upstreamEra: 'MODERN',
    upstreamName: 'up',
    method: 'tools/call',
    clientId: 1,
    serverInfo: { name: 'gatehouse', version: '1' },
  } as const;
  const answered = (result: string, by: Parameters<typeof exposeServerRequest>[2]) => {
    const text = `{"jsonrpc":"2.0","id":1,"result":${result}}`;
    const reply = { kind: 'response', status: 200, text, message: JSON.parse(text), bytes: null } as UpstreamResponse;
    return [String(translateUpstreamReply({ ...context, ...by, reply }).body), text] as const;
  };

  it('has the names of the endpoint as well; a pass-through changes nothing', () => {
    const result = `{"resultType":"input_required","inputRequests":${requests},"requestState":"s","n":1.0}`;
    const [body, text] = answered(result, exposure);
    expect(body).toBe(named(text));
    const [untouched] = answered(result, none);
    expect(untouched).toBe(text);
  });

  it('keeps its bytes where there is no name, or nothing is asked', () => {
    for (const asked of ['{"a":{"method":"roots/list"}}', '[]', '7', '{}', '{"a":{"params":{"messages":[]}}}']) {
      const [body, text] = answered(`{"inputRequests": ${asked} }`, exposure);
      expect(body).toBe(text);
    }
    expect(exposeInputRequests(() => '{}', {}, exposure)).toEqual({});
  });

  it('or for a task that its client is told of', () => {
    const text = `{"method":"notifications/tasks","params":{"taskId":"1","status":"input_required","inputRequests":${requests}}}`;
    expect(exposeNotification(text, JSON.parse(text) as JsonRpcNotification, exposure)).toBe(named(text));
    expect(exposeNotification(text, JSON.parse(text) as JsonRpcNotification, none)).toBe(text);
  });
});
