import { describe, expect, it } from 'vitest';
import type { UpstreamResponse } from '../upstream/upstream-reply.js';
import { translateUpstreamReply } from './translate-upstream-reply.js';

describe('[RLY-10] tasks in results', () => {
  it('have their exposed id everywhere, also in the result that tasks/get brings, beside exposed URIs', () => {
    const related = '{"io.modelcontextprotocol/related-task":{"taskId":"1"}}';
    const link = '{"type":"resource_link","uri":"x:","size":1.0}';
    const text = `{"jsonrpc":"2.0","id":1,"result":{"taskId":"1","result":{"content":[${link}],"_meta":${related}},"_meta":${related}}}`;
    const { body } = translateUpstreamReply({
      clientEra: 'MODERN',
      upstreamEra: 'MODERN',
      upstreamName: 'up',
      method: 'tasks/get',
      clientId: 1,
      reply: { kind: 'response', status: 200, text, message: JSON.parse(text), bytes: null } as UpstreamResponse,
      serverInfo: { name: 'gatehouse', version: '1' },
      exposeUri: (uri) => `p:${uri}`,
      exposeTask: (id) => `t:${id}`,
    });
    expect(String(body)).toBe(text.replaceAll('"taskId":"1"', '"taskId":"t:1"').replace('"uri":"x:"', '"uri":"p:x:"'));
  });
});
