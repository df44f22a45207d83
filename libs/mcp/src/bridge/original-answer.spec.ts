import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../envelope/messages.js';
import { originalInputResponses, originalNotification, originalOutcome } from './original-answer.js';

const names = {
  originalUri: (uri: string) => uri.replace(/^p:/, ''),
  originalTask: (id: string) => id.replace(/^t:/, ''),
};
const none = { originalUri: null, originalTask: null };
const meta = '"_meta":{ "io.modelcontextprotocol/related-task":{"taskId":"t:1","n":1.0}}';
const link = '{"type":"resource_link", "uri":"p:x:","size":1.0}';
const result = `[{"type":"tool_result","content":[${link},{"type":"text","text":"p:x:"}]},${link}]`;
const sampled = (content: string) => `{"role":"assistant","model":"m","content":${content},${meta},"n":1.0}`;
const original = (text: string) =>
  text.replaceAll('"uri":"p:x:"', '"uri":"x:"').replaceAll('"taskId":"t:1"', '"taskId":"1"');
const back = (text: string, by: Parameters<typeof originalOutcome>[1] = names) => originalOutcome({ result: text }, by);

describe('[EXP-3] what a client answers a server, with the upstream’s own names', () => {
  it.each([result, link])('names resources that a model has brought, and the task: %s', (content) => {
    expect(back(sampled(content))).toEqual({ result: original(sampled(content)) });
    expect(back(sampled(content), none)).toEqual({ result: sampled(content) });
  });

  it.each([
    '{ "role":"assistant","model":"m","content":{"type":"text","text":"p:x:"},"_meta":{"taskId":"t:1"}}',
    `{"role":"assistant","content":${link}}`,
    '{"roots":[{"uri":"p:x:"}]}',
    '7',
    '[]',
  ])('leaves %s', (text) => {
    expect(back(text)).toEqual({ result: text });
  });

  it('never reads a form: what a user filled in is no content block, whatever its fields are called', () => {
    const filled = `{"action":"accept","content":{"type":"resource_link","uri":"p:x:","model":"m"},"model":"m",${meta}}`;
    expect(back(filled)).toEqual({ result: filled.replace('"t:1"', '"1"') });
  });

  it('leaves errors', () => {
    const outcome = { error: `{"code":-1,"message":"",${meta}}` };
    expect(originalOutcome(outcome, names)).toBe(outcome);
  });

  it('does so for every answer in a retry', () => {
    const responses = (text: string) => `{ "__proto__":${text},"b":{"action":"cancel"},"c":7}`;
    const text = (given: string) => `{"jsonrpc":"2.0","params":{"inputResponses":${given},"requestState":"s"}}`;
    const of = (given: string, by: Parameters<typeof originalOutcome>[1] = names) =>
      originalInputResponses(text(given), (JSON.parse(text(given)) as { params: JsonObject }).params, by);
    expect(JSON.parse(of(responses(sampled(result))) ?? '')).toEqual(JSON.parse(responses(original(sampled(result)))));
    expect(of(responses(sampled(result)))).toContain(original(sampled(result)));
    for (const given of [responses('{}'), '[]', '7', '{}']) expect(of(given)).toBeNull();
    expect(of(responses(sampled(result)), none)).toBeNull();
    expect(originalInputResponses('{}', undefined, names)).toBeNull();
  });

  it('and for what is said about an answer that is on its way', () => {
    const text = `{"method":"notifications/progress","params":{"progressToken":1.0,${meta}}}`;
    expect(originalNotification(text, names)).toBe(original(text));
    expect(originalNotification(text, none)).toBe(text);
    for (const other of ['{"method":"x"}', '{"method":"x","params":{"n":1.0}}'])
      expect(originalNotification(other, names)).toBe(other);
  });
});
