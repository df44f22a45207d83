import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '#testing';
import { wholeUpstream } from '../../apps/gateway/src/pipeline/rights.js';
import { openLegacyClient, type BridgeClient } from '../e2e/bridge-client.js';
import { endpointWith } from './endpoint-with.js';
import { endpoint, startTestGateway, upstreamTarget, type TestGateway } from './gateway-harness.js';

type Json = Record<string, unknown>;

/** Tells of what a tool touches whoever has subscribed to it: it knows one client. */
const program = `
const lines = require('node:readline').createInterface({ input: process.stdin });
const send = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n');
const subscribed = new Set();
lines.on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  const uri = params?.uri;
  if (method === 'initialize')
    return send({ id, result: { protocolVersion: params.protocolVersion, capabilities: { tools: {}, resources: { subscribe: true } }, serverInfo: { name: 'p', version: '1' } } });
  if (method === 'resources/subscribe') subscribed.add(uri);
  if (method === 'resources/unsubscribe') subscribed.delete(uri);
  if (method === 'tools/call' && subscribed.has(params.arguments.of))
    send({ method: 'notifications/resources/updated', params: { uri: params.arguments.uri, title: 'T' } });
  if (id !== undefined) send({ id, result: method === 'tools/call' ? { content: [] } : {} });
});
`;

describe.each([
  ['that sessions of a token share', false],
  ['that everybody shares', true],
])('[RLY-23] a pass-through to a process %s', (_what, shared) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-stdio-updates-'));
  let gateway: TestGateway;
  beforeAll(async () => {
    const script = path.join(folder, 'server.cjs');
    const commands = path.join(folder, 'commands.json');
    writeFileSync(script, program);
    writeFileSync(commands, JSON.stringify({ server: { command: process.execPath, args: [script] } }));
    gateway = await startTestGateway({ GATEHOUSE_STDIO_COMMANDS: commands });
  });
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const urisOf = ({ unsolicited }: BridgeClient) =>
    unsolicited
      .filter(({ method }) => method === 'notifications/resources/updated')
      .map(({ params }) => (params as Json)['uri']);

  it('tells each session of what it is subscribed to itself, whoever comes and goes', async () => {
    const upstream = upstreamTarget('own', '', {
      ...{ transport: 'STDIO', url: null, command: 'server', shared },
      ...{ era: 'LEGACY', protocolVersion: '2025-11-25' },
    });
    const catalogue = { tools: [], resources: [], resourceTemplates: null, prompts: [] };
    const plain = endpoint({ kind: 'upstream', slug: 'own' }, [{ upstream, catalogue, prefixed: false }]);
    const resolveResource = (uri: string) => wholeUpstream(upstream, uri);
    const own = { ...endpointWith(plain, { resolveResource }), subjectId: upstream.id };
    const { token } = gateway.grant({ upstreams: { own } });
    const url = `http://127.0.0.1:${gateway.port}/upstreams/own/mcp`;
    const [one, two] = [await openLegacyClient(url, token, {}), await openLegacyClient(url, token, {})];
    await one.listen(['file:///a']);
    await two.listen(['file:///b', 'file:///a']);
    const touch = (of: string, uri = of) => two.call('touch', { of, uri });

    await touch('file:///a', 'file:///a/part');
    await touch('file:///b');
    await until('both hear', () => urisOf(one).length >= 1 && urisOf(two).length >= 2);
    expect([urisOf(one), urisOf(two)]).toEqual([['file:///a/part'], ['file:///a/part', 'file:///b']]);

    // The other one is still subscribed.
    expect((await two.request('resources/unsubscribe', { uri: 'file:///a' })).error).toBeUndefined();
    await touch('file:///a');
    await touch('file:///b', 'file:///nobody');
    await touch('file:///b');
    await until('both hear again', () => urisOf(one).length >= 2 && urisOf(two).length >= 3);
    expect(urisOf(one)).toEqual(['file:///a/part', 'file:///a']);
    expect(urisOf(two)).toEqual(['file:///a/part', 'file:///b', 'file:///b']);
    for (const client of [one, two]) await client.close();
  });
});
