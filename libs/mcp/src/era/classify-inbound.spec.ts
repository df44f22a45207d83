import { classifyInboundRequest } from '@modelcontextprotocol/server';
import { describe, expect, it } from 'vitest';
import { classifyInbound } from './classify-inbound.js';
import { assertModernVersion, legacyVersionOf, META, negotiateLegacyVersion } from './protocol-versions.js';

const meta = (more: object = {}) => ({
  [META.protocolVersion]: '2026-07-28',
  [META.clientCapabilities]: {},
  [META.clientInfo]: { name: 'c', version: '1' },
  ...more,
});
const message = (method: string, params?: object, id: unknown = 1) => ({
  jsonrpc: '2.0',
  ...(id === undefined ? {} : { id }),
  method,
  ...(params ? { params } : {}),
});
const notification = (method: string, params?: object) => ({ jsonrpc: '2.0', method, ...(params ? { params } : {}) });

const bodies: unknown[] = [
  undefined,
  null,
  'x',
  {},
  [],
  [message('ping')],
  [message('ping'), notification('notifications/initialized'), { jsonrpc: '2.0', id: 1, result: {} }],
  [message('ping'), message('tools/list', { _meta: meta() })],
  [message('ping'), 7],
  [[message('ping')]],
  { jsonrpc: '2.0', id: 1, result: {} },
  { jsonrpc: '2.0', id: 1, error: { code: 1, message: 'x' } },
  { jsonrpc: '2.0', error: { code: 1, message: 'x' } },
  { jsonrpc: '1.0', id: 1, method: 'ping' },
  message('ping', undefined, null),
  message('ping', undefined, 1.5),
  message('ping', undefined, 'a'),
  { ...message('ping'), extra: 1 },
  message('tools/list'),
  message('tools/list', {}),
  message('tools/list', { _meta: {} }),
  message('tools/list', { _meta: { progressToken: 1 } }),
  message('tools/list', { _meta: [] }),
  message('tools/list', { _meta: meta() }),
  message('tools/list', { _meta: meta({ progressToken: 'p' }) }),
  message('tools/list', { _meta: meta({ progressToken: {} }) }),
  message('tools/list', { _meta: meta({ [META.protocolVersion]: '2025-11-25' }) }),
  message('tools/list', { _meta: meta({ [META.protocolVersion]: '2099-01-01' }) }),
  message('tools/list', { _meta: meta({ [META.protocolVersion]: 7 }) }),
  message('tools/list', { _meta: meta({ [META.clientCapabilities]: undefined }) }),
  message('tools/list', { _meta: { [META.protocolVersion]: '2026-07-28' } }),
  message('tools/list', { _meta: meta({ [META.clientCapabilities]: [] }) }),
  message('tools/list', { _meta: meta({ [META.clientCapabilities]: { elicitation: {}, vendor: {} } }) }),
  message('tools/list', { _meta: meta({ [META.clientCapabilities]: { elicitation: 1 } }) }),
  message('tools/list', { _meta: meta({ [META.clientInfo]: { name: 'c' } }) }),
  message('tools/list', { _meta: meta({ [META.logLevel]: 'info' }) }),
  message('tools/list', { _meta: meta({ [META.logLevel]: 'loud' }) }),
  message('initialize', { protocolVersion: '2025-06-18' }),
  message('initialize', { protocolVersion: '2025-06-18', _meta: meta() }),
  message('initialize', { _meta: meta({ [META.clientCapabilities]: 1 }) }),
  message('initialize', { _meta: meta({ [META.protocolVersion]: '2025-11-25' }) }),
  message('server/discover', { _meta: meta() }),
  notification('notifications/initialized'),
  notification('notifications/cancelled', { _meta: meta() }),
  notification('notifications/cancelled', { _meta: meta({ [META.protocolVersion]: 1 }) }),
  notification('notifications/cancelled', { _meta: meta({ [META.protocolVersion]: '2025-11-25' }) }),
];
const versions = [undefined, '2025-06-18', '2026-07-28', ' 2026-07-28\t', '2099-01-01', 'nonsense'];
const methods = [undefined, 'tools/list', 'other'];

const table = bodies.flatMap((body) =>
  versions.flatMap((version) =>
    methods.flatMap((method) => ['POST', 'GET', 'DELETE'].map((httpMethod) => ({ body, version, method, httpMethod }))),
  ),
);

describe('classifyInbound', () => {
  it(`agrees with the SDK on ${table.length} requests`, () => {
    for (const { body, version, method, httpMethod } of table) {
      const sdk = classifyInboundRequest({
        httpMethod,
        ...(version === undefined ? {} : { protocolVersionHeader: version }),
        ...(method === undefined ? {} : { mcpMethodHeader: method }),
        body,
      });
      const ours = classifyInbound({
        httpMethod,
        headers: { 'mcp-protocol-version': version, 'mcp-method': method },
        body,
      });
      const expected =
        sdk.kind === 'reject'
          ? { kind: 'reject', code: sdk.code, http: sdk.httpStatus }
          : sdk.kind === 'legacy'
            ? { kind: 'legacy', reason: sdk.reason }
            : { kind: 'modern', reason: sdk.messageKind, version: sdk.classification.revision };
      const got =
        ours.kind === 'reject'
          ? { kind: 'reject', code: ours.error.answer.jsonRpc, http: ours.error.answer.http }
          : { kind: ours.kind, reason: ours.reason, ...(ours.kind === 'modern' ? { version: ours.version } : {}) };
      const asked = { body, version, method, httpMethod };
      expect({ asked, got }).toEqual({ asked, got: expected });
    }
  });
});

describe('protocol versions', () => {
  it('negotiates, assumes and refuses as the revisions say', () => {
    expect(
      ['2025-03-26', '2025-06-18', '2025-11-25', '2024-11-05', '2026-07-28', undefined].map(negotiateLegacyVersion),
    ).toEqual(['2025-03-26', '2025-06-18', '2025-11-25', '2025-11-25', '2025-11-25', '2025-11-25']);
    expect(legacyVersionOf(undefined)).toBe('2025-03-26');
    expect(legacyVersionOf(' 2025-06-18 ')).toBe('2025-06-18');
    expect(() => legacyVersionOf('1999-01-01')).toThrow('Use one of 2025-11-25');
    expect(() => assertModernVersion('2026-07-28')).not.toThrow();
    expect(() => assertModernVersion('2099-01-01')).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_PROTOCOL_VERSION',
        details: expect.objectContaining({ requested: '2099-01-01' }),
      }),
    );
  });
});
