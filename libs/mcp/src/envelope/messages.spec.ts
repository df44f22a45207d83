import { describe, expect, it } from 'vitest';
import { DomainError } from '#kernel';
import { domainErrorAnswer, jsonRpcError, jsonRpcResult, upstreamFailureAnswer } from './json-rpc-error.js';
import { classifyMessage } from './messages.js';

const base = { jsonrpc: '2.0' };

describe('classifyMessage', () => {
  it.each([
    ['request', { ...base, id: 0, method: 'ping' }],
    ['request', { ...base, id: '', method: 'ping', params: {} }],
    ['notification', { ...base, method: 'notifications/initialized' }],
    ['response', { ...base, id: 1, result: {} }],
    ['response', { ...base, id: null, error: { code: -1, message: '' } }],
    ['batch', []],
    ['invalid', null],
    ['invalid', { id: 1, method: 'ping' }],
    ['invalid', { ...base, id: null, method: 'ping' }],
    ['invalid', { ...base, id: 1.5, method: 'ping' }],
    ['invalid', { ...base, id: 2 ** 60, method: 'ping' }],
    ['invalid', { ...base, id: {}, method: 'ping' }],
    ['invalid', { ...base, id: 1, method: 7 }],
    ['invalid', { ...base, id: 1, method: 'x', params: [] }],
    ['invalid', { ...base, id: 1, method: 'x', result: {} }],
    ['invalid', { ...base, id: 1, result: {}, error: { code: 1, message: '' } }],
    ['invalid', { ...base, id: 1 }],
  ])('calls it a %s: %j', (kind, value) => {
    expect(classifyMessage(value).kind).toBe(kind);
  });
});

describe('JSON-RPC answers', () => {
  it('keeps the id with its type', () => {
    expect(jsonRpcResult('1', '{}')).toBe('{"jsonrpc":"2.0","id":"1","result":{}}');
    expect(JSON.parse(jsonRpcError(1, -32601, 'no'))).toEqual({
      jsonrpc: '2.0',
      id: 1,
      error: { code: -32601, message: 'no' },
    });
  });

  it('answers DomainErrors with their code, and upstream failures without their address', () => {
    const unsupported = new DomainError('UNSUPPORTED_PROTOCOL_VERSION', 'no', {
      details: { supported: ['x'], requested: 'y' },
    });
    expect(JSON.parse(domainErrorAnswer(1, unsupported)).error).toEqual({
      code: -32022,
      message: 'no',
      data: { supported: ['x'], requested: 'y' },
    });
    expect(JSON.parse(upstreamFailureAnswer(1, 'crm', 'UPSTREAM_TIMEOUT')).error).toEqual({
      code: -31002,
      message: 'Upstream "crm": The upstream did not answer in time.',
      data: { reason: 'UPSTREAM_TIMEOUT', upstream: 'crm', retryAfterMs: 1000 },
    });
    expect(JSON.parse(upstreamFailureAnswer(1, 'crm', 'UPSTREAM_TLS')).error.data).not.toHaveProperty('retryAfterMs');
  });
});
