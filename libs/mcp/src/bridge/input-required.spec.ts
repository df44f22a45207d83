import { describe, expect, it } from 'vitest';
import { inputRequiredResult, inputResponsesOf, readInputRequired } from './input-required.js';

const serverInfo = { name: 'gatehouse', version: '1' };
const read = (result: Record<string, unknown>) => readInputRequired(JSON.stringify(result), result);

describe('input_required results', () => {
  it('are read as they are made', () => {
    const requests = [
      { key: 'a "b"', method: 'elicitation/create', params: { n: 1 }, paramsText: '{"n":1}' },
      { key: 'c', method: 'roots/list', params: {}, paramsText: '{}' },
    ];
    const text = inputRequiredResult(requests, 'state', serverInfo);
    expect(readInputRequired(text, JSON.parse(text) as Record<string, unknown>)).toEqual({
      requests,
      requestState: 'state',
    });
  });

  it.each([
    [{}],
    [{ inputRequests: [] }],
    [{ inputRequests: { a: 1 } }],
    [{ inputRequests: { a: { method: 1 } } }],
    [{ inputRequests: { a: { method: 'x', params: [] } } }],
    [{ requestState: 1 }],
  ])('%j is malformed', (result) => {
    expect(read(result)).toBeNull();
  });

  it('may ask for nothing but patience', () => {
    expect(read({ requestState: 's' })).toEqual({ requests: [], requestState: 's' });
    expect(read({ inputRequests: {} })).toEqual({ requests: [], requestState: null });
  });
});

describe('inputResponsesOf', () => {
  it('keeps the exact text of each answer and leaves out what is none', () => {
    const text = '{"jsonrpc":"2.0","id":1,"method":"x","params":{"inputResponses":{"a":{"n":1.0},"b":7}}}';
    const { params } = JSON.parse(text) as { params: Record<string, unknown> };
    expect([...inputResponsesOf(text, params)]).toEqual([['a', '{"n":1.0}']]);
    expect(inputResponsesOf(text, undefined).size).toBe(0);
  });
});
