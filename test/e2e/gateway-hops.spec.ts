import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { signHop, type HopClaims } from '../../apps/gateway/src/owners/hop-signature.js';
import { createKeyring, generateMasterKey } from '#crypto';
import { createPeerPool } from '#outbound';
import {
  createTestDatabase,
  startFixtureServer,
  startSplit,
  until,
  type FixtureServer,
  type SplitGatehouse,
  type TestDatabase,
} from '#testing';
import { beginJourney, serves, sql, toolCallsIn, type Journey } from './server-support.js';

// What somebody can do who reaches the internal port of a gateway process, from knowing nothing to holding one key.

let database: TestDatabase;
let upstream: FixtureServer;
let split: SplitGatehouse;
let journey: Journey;
let gatewayUrl: string;
let target: { id: string; address: string };

beforeAll(async () => {
  [database, upstream] = await Promise.all([
    createTestDatabase(inject('pgUrl')),
    startFixtureServer({ era: 'legacy' }),
  ]);
  split = await startSplit(database.url, 2);
  const [first] = split.gateways;
  gatewayUrl = first?.gateway ?? '';
  journey = await beginJourney({ ...split.control, gateway: gatewayUrl }, upstream.url);
  const rows = await sql<{ id: string; address: string }>(
    database.url,
    'select id, address from gateway_instances order by started_at',
  );
  const [row] = rows;
  if (rows.length !== 2 || !row) throw new Error(`not two gateway processes: ${JSON.stringify(rows)}`);
  target = row;
});
afterAll(async () => {
  await split[Symbol.asyncDispose]();
  await upstream.close();
  await database[Symbol.asyncDispose]();
});

interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly text: string;
}

const keyringOf = (masterKey: string) => createKeyring(masterKey);
const ourKey = () => split.env['GATEHOUSE_MASTER_KEY'] ?? '';

/** Sends something over the connection that only processes of an installation can open. */
async function overTls(masterKey: string, headers: readonly string[], body: string): Promise<Answer> {
  const pool = createPeerPool({ key: keyringOf(masterKey).key('hop-transport'), connectTimeoutMs: 2000 });
  const answered = new Promise<Answer>((resolve, reject) => {
    const answer = { status: 0, headers: {}, text: '' };
    const sent = { method: 'POST', path: '/servers/mine/mcp', headers, body: Buffer.from(body) };
    pool.send(target.address, sent, {
      head: (status, got) => {
        Object.assign(answer, { status, headers: got });
        return true;
      },
      data: (chunk) => {
        answer.text += chunk.toString();
        return true;
      },
      end: () => resolve(answer),
      failed: reject,
    });
  });
  try {
    return await answered;
  } finally {
    await pool.close();
  }
}

const plainHeaders = (requestId: string) => [
  ...['host', new URL(gatewayUrl).host, 'content-type', 'application/json', 'x-request-id', requestId],
  ...['accept', 'application/json, text/event-stream', 'mcp-protocol-version', '2025-11-25'],
  ...['authorization', `Bearer ${journey.token}`],
];

const bodyOf = (text: string) =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: { text } } });

/** A hop as a process of this installation signs it, or as somebody would like it to be. */
function hop(requestId: string, options: { claims?: Partial<HopClaims>; key?: string; body?: string } = {}) {
  const headers = plainHeaders(requestId);
  const claims = {
    ...{ from: randomUUID(), to: target.id, at: Date.now(), nonce: randomUUID() },
    ...{ ip: '203.0.113.7', publicUrl: gatewayUrl, isCounted: false },
    ...options.claims,
  };
  const signed = { method: 'POST', path: '/servers/mine/mcp', headers };
  const body = Buffer.from(options.body ?? bodyOf('hop'));
  const { header, proof } = signHop(keyringOf(options.key ?? ourKey()), signed, claims, body);
  return { headers: [...headers, 'x-gatehouse-hop', header], proof };
}

const upstreamCalls = () => upstream.requests.filter(({ text }) => text.includes('"tools/call"')).length;

/** Nothing is said, nothing is done, nothing is recorded. */
async function expectRefused(headers: readonly string[], body = bodyOf('hop')): Promise<void> {
  const before = upstreamCalls();
  const answer = await overTls(ourKey(), headers, body);
  expect([answer.status, answer.text]).toEqual([401, '']);
  expect(answer.headers['x-gatehouse-hop-proof']).toBeUndefined();
  expect(upstreamCalls()).toBe(before);
}

describe('the internal port of a gateway process', () => {
  it('[OWN-2] [OWN-4] serves a signed hop like a call of its client, and proves who answers', async () => {
    const requestId = randomUUID();
    const { headers, proof } = hop(requestId);
    const answer = await overTls(ourKey(), headers, bodyOf('hop'));
    expect([answer.status, answer.headers['x-gatehouse-hop-proof']]).toEqual([200, proof]);
    expect(answer.text).toContain('hop');
    await until('it is recorded', async () => (await toolCallsIn(database.url)).some(({ id }) => id === requestId));
    const [record] = await sql<{ ip: string }>(database.url, 'select ip from audit_events where request_id = $1', [
      requestId,
    ]);
    expect(record?.ip).toBe('203.0.113.7');
  });

  it('[OWN-2] applies every rule to it: a token that is worth nothing gets the 401 of the public port', async () => {
    const { headers, proof } = hop(randomUUID());
    const at = headers.indexOf('authorization');
    const withBadToken = plainHeaders('bad-token').map((value, index) => (index === at + 1 ? 'Bearer gth_no' : value));
    const claims = { from: randomUUID(), to: target.id, at: Date.now(), nonce: randomUUID(), ip: null };
    const body = bodyOf('hop');
    const signed = { method: 'POST', path: '/servers/mine/mcp', headers: withBadToken };
    const bad = signHop(
      keyringOf(ourKey()),
      signed,
      { ...claims, publicUrl: gatewayUrl, isCounted: false },
      Buffer.from(body),
    );
    const answer = await overTls(ourKey(), [...withBadToken, 'x-gatehouse-hop', bad.header], body);
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toContain(`${gatewayUrl}/.well-known/`);
    expect(answer.headers['x-gatehouse-hop-proof']).toBe(bad.proof);
    expect(bad.proof).not.toBe(proof);
  });

  it('[OWN-3] refuses one that nobody signed, that another installation signed, or whose signature is cut', async () => {
    await expectRefused(plainHeaders(randomUUID()));
    await expectRefused(hop(randomUUID(), { key: generateMasterKey() }).headers);
    const { headers } = hop(randomUUID());
    await expectRefused(headers.map((value, index) => (index === headers.length - 1 ? value.slice(0, -1) : value)));
    await expectRefused([...plainHeaders(randomUUID()), 'x-gatehouse-hop', 'e30.']);
    await expectRefused([...plainHeaders(randomUUID()), 'x-gatehouse-hop', '.'.repeat(5000)]);
  });

  it('[OWN-3] refuses an altered body, header, or time', async () => {
    await expectRefused(hop(randomUUID()).headers, bodyOf('another'));
    const { headers } = hop(randomUUID());
    const token = headers.indexOf('authorization') + 1;
    await expectRefused(headers.map((value, index) => (index === token ? 'Bearer gth_other' : value)));
    await expectRefused([...headers, 'x-more', 'than was signed']);
    const [text = '', mac = ''] = (headers.at(-1) ?? '').split('.');
    const claims = JSON.parse(Buffer.from(text, 'base64url').toString()) as HopClaims;
    const later = Buffer.from(JSON.stringify({ ...claims, at: claims.at + 1 })).toString('base64url');
    await expectRefused([...headers.slice(0, -1), `${later}.${mac}`]);
  });

  it('[OWN-3] refuses one that comes twice, too late, too early, or to the wrong process', async () => {
    const { headers } = hop(randomUUID());
    expect((await overTls(ourKey(), headers, bodyOf('hop'))).status).toBe(200);
    await expectRefused(headers);
    for (const at of [Date.now() - 31_000, Date.now() + 31_000])
      await expectRefused(hop(randomUUID(), { claims: { at } }).headers);
    await expectRefused(hop(randomUUID(), { claims: { to: randomUUID() } }).headers);
  });

  it('[OWN-4] says nothing at all to whoever lacks the key of the connection', async () => {
    await expect(overTls(generateMasterKey(), hop(randomUUID()).headers, bodyOf('hop'))).rejects.toThrow();
    const plain = new Promise((resolve, reject) => {
      const [host, port] = target.address.split(':');
      request({ host, port, path: '/healthz' }, resolve).on('error', reject).end();
    });
    await expect(plain).rejects.toThrow();
    expect(serves(await journey.call('echo', { text: 'unharmed' }))).toBe(true);
  });
});
