import { classifyInboundRequest } from '@modelcontextprotocol/server';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifyInbound } from './classify-inbound.js';
import { META } from './protocol-versions.js';

type Json = Record<string, unknown>;

/** Mostly the first, sometimes the second. */
const mostly = <A, B>(usual: fc.Arbitrary<A>, odd: fc.Arbitrary<B>, weight = 8): fc.Arbitrary<A | B> =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: odd });

const revision = fc.constantFrom(
  '2024-11-05',
  '2025-03-26',
  '2025-06-18',
  '2025-11-25',
  '2026-07-28',
  '2099-01-01',
  'x',
  '',
);
const json = fc.jsonValue({ maxDepth: 2 });
const name = fc.constantFrom(
  'initialize',
  'ping',
  'tools/list',
  'tools/call',
  'server/discover',
  'notifications/initialized',
  'notifications/cancelled',
  '',
);
const id = mostly(fc.oneof(fc.integer(), fc.string({ maxLength: 4 })), json);

const clientInfo = fc.record(
  { name: mostly(fc.string(), json), version: mostly(fc.string(), json) },
  { requiredKeys: [] },
);
const capabilities = fc.dictionary(
  fc.constantFrom('sampling', 'elicitation', 'roots', 'experimental', 'extensions', 'vendor'),
  mostly(
    fc.constant({}),
    json.filter((value) => typeof value !== 'object' || value === null || Array.isArray(value)),
  ),
);
const meta = fc.record(
  {
    [META.protocolVersion]: mostly(revision, json),
    [META.clientCapabilities]: mostly(capabilities, json),
    [META.clientInfo]: mostly(clientInfo, json),
    [META.logLevel]: mostly(fc.constantFrom('debug', 'info', 'emergency'), json),
    progressToken: mostly(id, json),
    'vendor/key': json,
  },
  { requiredKeys: [] },
);
const envelope = meta.map((some): Json => ({
  [META.protocolVersion]: '2026-07-28',
  [META.clientCapabilities]: {},
  ...some,
}));
const params = fc.record(
  { _meta: mostly(fc.oneof(envelope, meta), json, 12), protocolVersion: mostly(revision, json), name: json },
  { requiredKeys: [] },
);
const request = fc.record(
  {
    jsonrpc: mostly(fc.constant('2.0'), json, 30),
    id,
    method: mostly(name, json, 30),
    params: mostly(params, json, 20),
  },
  { requiredKeys: ['jsonrpc', 'id', 'method'] },
);
const notification = fc.record(
  { jsonrpc: mostly(fc.constant('2.0'), json, 30), method: mostly(name, json, 30), params: mostly(params, json, 20) },
  { requiredKeys: ['jsonrpc', 'method'] },
);
const error = fc.record(
  { code: mostly(fc.integer(), json), message: mostly(fc.string(), json), data: json },
  { requiredKeys: ['code', 'message'] },
);
const response = fc.oneof(
  fc.record({
    jsonrpc: mostly(fc.constant('2.0'), json, 30),
    id,
    result: mostly(fc.dictionary(fc.string(), json), json),
  }),
  fc.record(
    { jsonrpc: mostly(fc.constant('2.0'), json, 30), id, error: mostly(error, json) },
    { requiredKeys: ['jsonrpc', 'error'] },
  ),
);
const message = fc.oneof(
  { weight: 6, arbitrary: request },
  { weight: 3, arbitrary: notification },
  { weight: 1, arbitrary: response },
);
const grown = fc
  .tuple(message, fc.dictionary(fc.string({ maxLength: 6 }), json, { maxKeys: 1 }))
  .map(([one, more]): Json => Object.assign(more, one));
const body: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 12, arbitrary: message },
  { weight: 1, arbitrary: grown },
  { weight: 2, arbitrary: fc.array(mostly<unknown, unknown>(message, json), { maxLength: 4 }) },
  { weight: 1, arbitrary: json },
  { weight: 1, arbitrary: fc.constant(undefined) },
);

const padded = (text: fc.Arbitrary<string>) =>
  fc.tuple(fc.constantFrom('', ' ', '\t '), text, fc.constantFrom('', ' ', '\t')).map((parts) => parts.join(''));
const optional = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: undefined });
const http = fc.record({
  httpMethod: mostly(fc.constant('POST'), fc.constantFrom('GET', 'DELETE', 'PUT')),
  version: optional(padded(revision)),
  method: optional(padded(name)),
  named: optional(fc.string({ maxLength: 5 })),
  body,
});

type Inbound = typeof http extends fc.Arbitrary<infer T> ? T : never;

/**
 * The first of two intended differences: JSON-RPC 2.0 (§5) gives an error the id null where the request could not be
 * read, the SDK wants no id at all then. What it is shown has none. The second is that the members of a capability are
 * the affair of who uses them; the SDK looks at some of them, so the generator above makes none.
 */
const withoutNullId = (one: unknown): unknown => {
  if (Array.isArray(one)) return one.map((each: unknown) => (Array.isArray(each) ? each : withoutNullId(each)));
  if (typeof one !== 'object' || one === null || !('error' in one) || 'method' in one) return one;
  return 'id' in one && one.id === null ? { ...one, id: undefined } : one;
};

function sdkSays({ httpMethod, version, method, named, body: given }: Inbound) {
  const sdk = classifyInboundRequest({
    httpMethod,
    ...(version === undefined ? {} : { protocolVersionHeader: version }),
    ...(method === undefined ? {} : { mcpMethodHeader: method }),
    ...(named === undefined ? {} : { mcpNameHeader: named }),
    body: withoutNullId(given),
  });
  if (sdk.kind === 'reject') return { kind: 'reject', code: sdk.code, http: sdk.httpStatus };
  if (sdk.kind === 'legacy') return { kind: 'legacy', reason: sdk.reason };
  return { kind: 'modern', reason: sdk.messageKind, version: sdk.classification.revision };
}

function weSay({ httpMethod, version, method, named, body: given }: Inbound) {
  const headers = { 'mcp-protocol-version': version, 'mcp-method': method, 'mcp-name': named };
  const ours = classifyInbound({ httpMethod, headers, body: given });
  if (ours.kind === 'reject') return { kind: 'reject', code: ours.error.answer.jsonRpc, http: ours.error.answer.http };
  return { kind: ours.kind, reason: ours.reason, ...(ours.kind === 'modern' ? { version: ours.version } : {}) };
}

describe('classifyInbound', () => {
  it('[GW-22] decides what the SDK decides, whatever comes', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(http, (inbound) => {
        const sdk = sdkSays(inbound);
        const key = `${sdk.kind} ${String('code' in sdk ? sdk.code : sdk.reason)}`;
        seen.set(key, (seen.get(key) ?? 0) + 1);
        expect(weSay(inbound)).toEqual(sdk);
      }),
      { numRuns: 5000 },
    );
    // Every outcome was met, so that agreement means something.
    for (const outcome of [
      ...['legacy http-method', 'legacy initialize', 'legacy no-claim', 'legacy notification', 'legacy response'],
      ...['legacy batch', 'modern request', 'modern notification', 'reject -32600', 'reject -32602', 'reject -32020'],
    ])
      expect([outcome, (seen.get(outcome) ?? 0) > 5]).toEqual([outcome, true]);
  });

  it('[GW-22] differs where it is meant to', () => {
    const plain = { httpMethod: 'POST' as const, version: undefined, method: undefined, named: undefined };
    const answer = { jsonrpc: '2.0', id: null, error: { code: -32700, message: 'Parse error' } };
    expect(weSay({ ...plain, body: answer })).toEqual({ kind: 'legacy', reason: 'response' });
    const _meta = {
      [META.protocolVersion]: '2026-07-28',
      [META.clientCapabilities]: { extensions: { 'vendor/x': 1 } },
    };
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta } };
    expect(weSay({ ...plain, body })).toEqual({ kind: 'modern', reason: 'request', version: '2026-07-28' });
    // The SDK refuses both; once it does not, the difference is to go.
    expect(classifyInboundRequest({ httpMethod: 'POST', body: answer }).kind).toBe('reject');
    expect(classifyInboundRequest({ httpMethod: 'POST', body }).kind).toBe('reject');
  });
});
