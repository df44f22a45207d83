import { describe, expect, it } from 'vitest';
import type { JsonRpcNotification } from '../envelope/messages.js';
import {
  exposeNotification,
  reachesLevel,
  withoutModernMeta,
  withParams,
  withSubscriptionId,
} from './relay-notification.js';

const exposure = { exposeUri: (uri: string) => `p:${uri}`, exposeTask: (id: string) => `t:${id}` };
const none = { exposeUri: null, exposeTask: null };
const told = (text: string) => exposeNotification(text, JSON.parse(text) as JsonRpcNotification, exposure);

describe('notifications of servers', () => {
  it('show resources and tasks under the names of the endpoint, and nothing else changes', () => {
    expect(told('{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"x:","n":1.0}}')).toBe(
      '{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"p:x:","n":1.0}}',
    );
    expect(told('{"method":"notifications/tasks/status","params":{"taskId":"1"}}')).toContain('"taskId":"t:1"');
    const related =
      '{"method":"notifications/message","params":{"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"1"},"n":1.0}}}';
    expect(told(related)).toBe(related.replace('"taskId":"1"', '"taskId":"t:1"'));
    const log = '{"method":"notifications/message","params":{"uri":"x:","taskId":"1"}}';
    expect(told(log)).toBe(log);
    expect(exposeNotification(related, JSON.parse(related) as JsonRpcNotification, none)).toBe(related);
  });

  it('of a task carry its result as tasks/get shows it', () => {
    const related = '{"io.modelcontextprotocol/related-task":{"taskId":"1"}}';
    const link = '{"type":"resource_link","uri":"x:","name":"n","size":1.0}';
    const text = `{"method":"notifications/tasks","params":{"taskId":"1","status":"completed","ttlMs":1.0,"result":{"content":[${link}],"_meta":${related}},"_meta":${related}}}`;
    const shown = text.replaceAll('"taskId":"1"', '"taskId":"t:1"').replace('"uri":"x:"', '"uri":"p:x:"');
    expect(told(text)).toBe(shown);
    const bare = text.replace(`,"_meta":${related}},"_meta"`, '},"_meta"').replace(link, '');
    expect(told(bare)).toBe(bare.replaceAll('"taskId":"1"', '"taskId":"t:1"'));
    expect(exposeNotification(text, JSON.parse(text) as JsonRpcNotification, none)).toBe(text);
  });

  it('carry the subscription that they belong to', () => {
    expect(withSubscriptionId('{"method":"a"}', undefined, 0)).toBe(
      '{"method":"a","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":0}}}',
    );
    expect(withSubscriptionId('{"method":"a","params":{"_meta":{"k":1.0}}}', { _meta: { k: 1 } }, 'x')).toBe(
      '{"method":"a","params":{"_meta":{"k":1.0,"io.modelcontextprotocol/subscriptionId":"x"}}}',
    );
    expect(withParams('{"params":{"a":1,"b":2.0}}', { a: null })).toBe('{"params":{"b":2.0}}');
  });

  it('lose for legacy clients what only modern servers say', () => {
    const plain = (text: string) => withoutModernMeta(text, (JSON.parse(text) as JsonRpcNotification).params);
    const mark = '"io.modelcontextprotocol/subscriptionId":1';
    const related = '"io.modelcontextprotocol/related-task":{"taskId":"1"}';
    expect(plain(`{"method":"a","params":{"n":1.0,"_meta":{"k":1.0,${mark},${related}}}}`)).toBe(
      `{"method":"a","params":{"n":1.0,"_meta":{"k":1.0,${related}}}}`,
    );
    expect(plain(`{"method":"a","params":{"n":1.0,"_meta":{${mark}}}}`)).toBe('{"method":"a","params":{"n":1.0}}');
    for (const text of ['{"method":"a"}', '{"method":"a","params":{"_meta":{ "k":1.0}}}'])
      expect(plain(text)).toBe(text);
  });

  it('of log messages reach who asked for their level or a lesser one', () => {
    expect(['debug', 'warning', 'emergency', 'odd'].map((level) => reachesLevel(level, 'warning'))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });
});
