import { createHash } from 'node:crypto';
import { request, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startScriptedServer, until, type ScriptedServer } from '#testing';
import { endpoint, legacy, modern, startTestGateway, upstreamTarget, type TestGateway } from './gateway-harness.js';

const mib = 1024 ** 2;
const filler = `"${'ü\\"{[]}'.repeat(7000)}",`;
const fillerBytes = Buffer.byteLength(filler);
const usualRounds = Math.ceil((8 * mib) / fillerBytes);

let upstream: ScriptedServer;
let gateway: TestGateway;
/** What the upstream does after so many pieces of its answer; null: nothing more, for now. */
let stopAfter: number | null;
let rounds = usualRounds;
let sent = 0;
let open = 0;
const waiting: ServerResponse[] = [];

/** Writes an answer of 8 MiB, no faster than it is read. */
function answer(response: ServerResponse, id: unknown): void {
  open++;
  response.once('close', () => open--);
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"content":[`);
  const limit = stopAfter ?? rounds;
  const fill = (): void => {
    while (sent < limit) {
      sent++;
      if (!response.write(filler)) return void response.once('drain', fill);
    }
    if (stopAfter === null) response.end('null],"isError":true}}');
    else waiting.push(response);
  };
  fill();
}

/** The digest of what a client gets; `more`: what a modern result has and that of a legacy upstream has not. */
const wholeAnswer = (id: string | number, more = ''): string =>
  createHash('sha256')
    .update(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"content":[`)
    .update(filler.repeat(rounds))
    .update(`null],"isError":true${more}}}`)
    .digest('hex');

beforeAll(async () => {
  upstream = await startScriptedServer(({ message, response }) => {
    const { id, params } = message as { id: unknown; params?: { name?: string } };
    if (params?.name === 'rubbish') response.writeHead(200).end(`<html>${'x'.repeat(mib)}`);
    else answer(response, id);
  });
  gateway = await startTestGateway({
    GATEHOUSE_MCP_SLOW_CLIENT_TIMEOUT: '60s',
    GATEHOUSE_OUTBOUND_MAX_RESPONSE: '128MiB',
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});
beforeEach(() => {
  gateway.records.length = 0;
  stopAfter = null;
  rounds = usualRounds;
  sent = 0;
  waiting.length = 0;
});

/** A token for one upstream of an era: through all three kinds of endpoints. */
function grantFor(era: 'LEGACY' | 'MODERN') {
  const target = upstreamTarget('up', upstream.url, {
    era,
    protocolVersion: era === 'LEGACY' ? '2025-11-25' : '2026-07-28',
    capabilities: '{"tools":{}}',
  });
  const catalogue = {
    tools: ['large', 'rubbish'].map((name) => ({
      definition: { name, inputSchema: { type: 'object' } },
      run: () => ({}),
    })),
    resources: [],
    resourceTemplates: null,
    prompts: [],
  };
  const part = { upstream: target, catalogue };
  return gateway.grant({
    aggregate: endpoint({ kind: 'aggregate', slug: null }, [{ ...part, prefixed: true }]),
    servers: { s: endpoint({ kind: 'virtual-server', slug: 's' }, [{ ...part, prefixed: false }]) },
    upstreams: {
      up: { ...endpoint({ kind: 'upstream', slug: 'up' }, [{ ...part, prefixed: false }]), subjectId: target.id },
    },
  });
}

interface Opened {
  readonly response: IncomingMessage;
  readonly sent: ClientRequest;
  /** Reads to the end: the digest of what came, and whether it is whole. */
  read(): Promise<{ digest: string; bytes: number; whole: boolean; tail: string }>;
}

/** Calls a tool; the answer is not read before `read()`. */
function call(
  era: 'LEGACY' | 'MODERN',
  path: string,
  token: string,
  options: { name?: string; id?: string | number; batch?: boolean; canBeAsked?: boolean } = {},
): Promise<Opened> {
  const { name = 'large', id = 7, batch = false, canBeAsked = false } = options;
  const params = { name: path === '/mcp' ? `up__${name}` : name, arguments: {} };
  const made = era === 'MODERN' ? modern('tools/call', params, id) : { body: legacy('tools/call', params, id) };
  if ('headers' in made && canBeAsked)
    made.body.params._meta['io.modelcontextprotocol/clientCapabilities'] = { elicitation: {}, sampling: {}, roots: {} };
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...('headers' in made ? made.headers : {}),
    ...(batch ? { 'mcp-protocol-version': '2025-03-26' } : {}),
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port: gateway.port, path, method: 'POST', headers, agent: false },
      (response) => {
        response.pause();
        resolve({
          response,
          sent: outgoing,
          read: () =>
            new Promise((done) => {
              const hash = createHash('sha256');
              let bytes = 0;
              let tail = '';
              response.on('data', (chunk: Buffer) => {
                hash.update(chunk);
                bytes += chunk.length;
                tail = (tail + chunk.toString('latin1')).slice(-400);
              });
              response.on('error', () => undefined);
              response.once('close', () => done({ digest: hash.digest('hex'), bytes, whole: response.complete, tail }));
              response.resume();
            }),
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(JSON.stringify(batch ? [made.body, legacy('ping', {}, 'p')] : made.body));
  });
}

const eras = ['LEGACY', 'MODERN'] as const;
const paths = ['/upstreams/up/mcp', '/servers/s/mcp', '/mcp'] as const;
const cells = eras.flatMap((era) =>
  eras.flatMap((upstreamEra) => paths.map((path) => [era, upstreamEra, path] as const)),
);
const ours = { 'io.modelcontextprotocol/serverInfo': { name: 'gatehouse', version: expect.any(String) } };
const recorded = (count = 1) => until('it is recorded', () => gateway.records.length === count);

describe('[LNK-16] a large answer', () => {
  it.each(cells)('[STR-4] arrives whole as it comes (%s client, %s upstream, %s)', async (era, upstreamEra, path) => {
    const { token } = grantFor(upstreamEra);
    for (const id of [7, '7"ü', 0]) {
      sent = 0;
      gateway.records.length = 0;
      const canBeAsked = id === 0;
      const { read, response } = await call(era, path, token, { id, canBeAsked });
      expect([response.statusCode, response.headers['content-type']]).toEqual([200, 'application/json']);
      // Its length is not known before its end.
      expect(response.headers['content-length']).toBeUndefined();
      const { digest, tail, whole } = await read();
      const more = /(?<="isError":true).*(?=\}\}$)/.exec(tail)?.[0] ?? '';
      expect([digest, whole]).toEqual([wholeAnswer(id, more), true]);
      const isBridged = era === 'MODERN' && upstreamEra === 'LEGACY';
      expect(JSON.parse(`{"":0${more}}`)).toEqual(
        isBridged ? { '': 0, resultType: 'complete', _meta: ours } : { '': 0 },
      );
      await recorded();
      expect(gateway.records[0]).toMatchObject({ outcome: 'ALLOWED', details: { resultIsError: true } });
    }
  });

  it.each([
    ['MODERN', 'MODERN', '/upstreams/up/mcp'],
    ['LEGACY', 'MODERN', '/mcp'],
    ['MODERN', 'LEGACY', '/servers/s/mcp'],
  ] as const)(
    'is read from the upstream no faster than its client reads (%s, %s, %s)',
    async (era, upstreamEra, path) => {
      // More than the buffers of the system take.
      rounds = 8 * usualRounds;
      const { token } = grantFor(upstreamEra);
      const { read } = await call(era, path, token, { canBeAsked: true });
      let before = -1;
      await expect.poll(() => before === (before = sent), { interval: 300, timeout: 10_000 }).toBe(true);
      expect(sent).toBeLessThan(rounds / 2);
      expect(gateway.records).toHaveLength(0);
      expect(await read()).toMatchObject({ whole: true });
      await recorded();
    },
  );

  it('is given up with a modern client, and not with a legacy one, which has not cancelled', async () => {
    for (const era of eras) {
      stopAfter = era === 'MODERN' ? 10 : null;
      sent = 0;
      gateway.records.length = 0;
      const { token } = grantFor(era);
      const opened = await call(era, '/upstreams/up/mcp', token);
      opened.sent.destroy();
      await until('the upstream is left', () => open === 0);
      await recorded();
      const expected = era === 'MODERN' ? { outcome: 'FAILED', details: { cancelled: true } } : { outcome: 'ALLOWED' };
      expect(gateway.records[0]).toMatchObject(expected);
    }
  });

  it('breaks off where its upstream breaks off, and is recorded as failed', async () => {
    for (const era of eras) {
      stopAfter = 10;
      sent = 0;
      gateway.records.length = 0;
      waiting.length = 0;
      const { token } = grantFor(era);
      const opened = await call(era, '/upstreams/up/mcp', token);
      const reading = opened.read();
      await until('the upstream waits', () => waiting.length === 1);
      expect(gateway.records).toHaveLength(0);
      waiting[0]?.destroy();
      expect((await reading).whole).toBe(false);
      await recorded();
      expect(gateway.records[0]).toMatchObject({ outcome: 'FAILED', reason: 'UPSTREAM_REFUSED' });
    }
  });

  it('breaks off when its right is taken away, and is recorded as denied', async () => {
    stopAfter = 10;
    const { token } = grantFor('LEGACY');
    const opened = await call('LEGACY', '/upstreams/up/mcp', token);
    const reading = opened.read();
    await until('the upstream waits', () => waiting.length === 1);
    gateway.snapshots.set(token, null);
    expect((await reading).whole).toBe(false);
    await recorded();
    expect(gateway.records[0]).toMatchObject({ outcome: 'DENIED', reason: 'UNAUTHENTICATED' });
    await until('the upstream is left', () => open === 0);
  });

  it('that is none is told in-band, and one of a batch waits for the others', async () => {
    const { token } = grantFor('LEGACY');
    const rubbish = await call('LEGACY', '/upstreams/up/mcp', token, { name: 'rubbish' });
    expect([rubbish.response.statusCode, rubbish.response.headers['content-length']]).toEqual([200, expect.anything()]);
    await rubbish.read();
    await recorded();
    expect(gateway.records[0]).toMatchObject({ outcome: 'FAILED', reason: 'UPSTREAM_NOT_MCP' });
    const batch = await call('LEGACY', '/upstreams/up/mcp', token, { batch: true });
    expect(Number(batch.response.headers['content-length'])).toBeGreaterThan(8 * mib);
    expect((await batch.read()).whole).toBe(true);
  });
});
