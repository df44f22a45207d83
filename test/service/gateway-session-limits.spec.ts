import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { ClientSessions } from '../../apps/gateway/src/sessions/client-sessions.js';
import { openSessionId, sealSessionId } from '../../apps/gateway/src/sessions/session-id.js';
import { elsewhere, findSession, type SessionSeeker } from '../../apps/gateway/src/pipeline/find-session.js';
import { mcpRouteOf } from '../../apps/gateway/src/pipeline/mcp-route.js';
import { loadConfig } from '#config';
import { hashToken } from '#crypto';
import { newId, systemClock } from '#kernel';
import { until } from '#testing';
import { keyring, legacy, newPrincipal, newToken } from './gateway-harness.js';
import { startSessionWorld } from './session-world.js';
import { openRequest } from './stream-client.js';

const statusOf = async (answer: ReturnType<typeof openRequest>) => {
  const client = await answer;
  await client.ended();
  return client.status;
};
const ping = legacy('ping');

describe('[SES-14] limits', () => {
  it('the least recently used idle session of a token, and of the process, makes room', async () => {
    await using world = await startSessionWorld(['echo'], {
      GATEHOUSE_GATEWAY_MAX_CLIENT_SESSIONS: '4',
      GATEHOUSE_GATEWAY_MAX_CLIENT_SESSIONS_PER_TOKEN: '2',
    });
    const first = await world.begin();
    const second = await world.begin();
    const stream = await first.listen();
    expect(await statusOf((await world.begin()).post(ping))).toBe(200);
    expect(await statusOf(first.post(ping))).toBe(200);
    expect(await statusOf(second.post(ping))).toBe(404);
    const other = world.another();
    const theirs = [await world.begin('2025-11-25', other), await world.begin('2025-11-25', other)];
    const third = world.another();
    await world.begin('2025-11-25', third);
    expect(await statusOf(first.post(ping))).toBe(200);
    const streams = [];
    for (const client of theirs) streams.push(await client.listen());
    expect(streams.map(({ status }) => status)).toEqual([200, 200]);
    const mine = await world.initialize('2025-11-25', other);
    expect({ status: mine.status, again: mine.headers['retry-after'] }).toEqual({ status: 503, again: '5' });
    for (const one of [stream, ...streams]) one.leave();
  });

  it('a session that is not used ends, unless its stream is open', async () => {
    await using world = await startSessionWorld(['echo'], { GATEHOUSE_GATEWAY_CLIENT_SESSION_IDLE: '600ms' });
    const idle = await world.begin();
    const listening = await world.begin();
    const stream = await listening.listen();
    const open = async () => /gatehouse_client_sessions (\d+)/.exec((await world.gateway.metrics.render()).body)?.[1];
    await until('one is left', async () => (await open()) === '1');
    expect(await statusOf(idle.post(ping))).toBe(404);
    expect(await statusOf(listening.post(ping))).toBe(200);
    stream.leave();
    await until('none is left', async () => (await open()) === '0');
  });
});

describe('[SES-16] rights', () => {
  it('a lost right ends sessions and streams of that endpoint at once, with a record each; others stay', async () => {
    await using world = await startSessionWorld(['echo']);
    const [first, second, aggregate] = [
      await world.begin(),
      await world.begin(),
      await world.begin('2025-11-25', world.token, '/mcp'),
    ];
    const stream = await first.listen();
    const other = await aggregate.listen();
    world.gateway.records.length = 0;
    const row = world.gateway.snapshots.current().virtualServer(world.principal, 's')?.subjectId;
    const { aggregate: kept, servers } = world.rights();
    world.gateway.snapshots.set(world.token, {
      principal: world.principal,
      aggregate: kept,
      servers: { t: servers.t },
    });
    expect(await stream.ended()).toBe('end');
    expect(world.gateway.records).toHaveLength(2);
    expect(world.gateway.records[0]).toMatchObject({
      action: 'session/end',
      outcome: 'DENIED',
      reason: 'NOT_FOUND',
      actorUserId: world.principal.userId,
      actorTokenId: world.principal.tokenId,
      subjectType: 'VirtualServer',
      subjectId: row,
      details: { server: 's' },
    });
    expect(await statusOf(second.post(ping))).toBe(404);
    expect(await statusOf(aggregate.post(ping))).toBe(200);
    world.gateway.records.length = 0;
    world.gateway.snapshots.set(world.token, null);
    expect(await other.ended()).toBe('end');
    expect(world.gateway.records).toMatchObject([
      { action: 'session/end', reason: 'UNAUTHENTICATED', subjectId: null },
    ]);
    expect(await statusOf(aggregate.post(ping))).toBe(401);
  });

  it('a token that expires ends its sessions without a change of the configuration', async () => {
    await using world = await startSessionWorld(['echo']);
    const short = newToken();
    const principal = newPrincipal({ expiresAt: Date.now() + 700 });
    world.gateway.snapshots.set(short, { principal, ...world.rights() });
    const stream = await (await world.begin('2025-11-25', short)).listen();
    expect(await stream.ended()).toBe('end');
    expect(world.gateway.records.at(-1)).toMatchObject({ action: 'session/end', reason: 'UNAUTHENTICATED' });
  });
});

describe('[SES-18] sessions of other processes', () => {
  const route = mcpRouteOf('/servers/s/mcp');
  const setup = async (answered: boolean) => {
    const world = await startSessionWorld(['echo']);
    const asked: [string, Buffer | null][] = [];
    const owners = {
      selfId: newId(),
      forward: (_exchange: unknown, ownerId: string, body: Buffer | null) => {
        asked.push([ownerId, body]);
        return Promise.resolve(answered);
      },
    };
    if (route === null) throw new Error('no route');
    const parts = { audit: world.gateway.audit, clock: systemClock, config: loadConfig({}), keyring };
    const sessions = new ClientSessions(
      { ...parts, metrics: world.gateway.metrics, snapshots: world.gateway.snapshots },
      owners,
    );
    const gateway = { owners, keyring, sessions } as never;
    const { principal } = world;
    const seeker = {
      principal,
      tokenHash: hashToken(world.token),
      route,
      handedOver: null,
    } as unknown as SessionSeeker;
    const claim = { tokenId: principal.tokenId, organizationId: principal.organizationId, path: route.path };
    const idOf = (ownerId: string, more: object = {}) =>
      sealSessionId(keyring, { ...claim, protocolVersion: '2025-11-25', ownerId, ...more });
    return { world, asked, owners, gateway, seeker, idOf };
  };

  it('are answered there, whatever the method; a process that is gone is an unknown session', async () => {
    for (const answered of [true, false]) {
      const { world, asked, gateway, seeker, idOf, owners } = await setup(answered);
      await using _ = world;
      const other = newId();
      const body = Buffer.from('{}');
      const found = Promise.resolve(findSession(gateway, seeker, idOf(other), body));
      if (answered) expect(await found).toBe(elsewhere);
      else await expect(found).rejects.toMatchObject({ code: 'NOT_FOUND', status: 404 });
      expect(asked).toEqual([[other, body]]);
      // Ours and gone, another token's, another endpoint's, handed over already: nothing is sent on.
      for (const id of [idOf(owners.selfId), idOf(other, { tokenId: newId() }), idOf(other, { path: '/mcp' })])
        expect(() => findSession(gateway, seeker, id, null)).toThrow(/initialize again/);
      const handed = { ...seeker, handedOver: { ip: null, publicUrl: '', isCounted: false, body } };
      expect(() => findSession(gateway, handed, idOf(other), null)).toThrow(/initialize again/);
      expect(asked).toHaveLength(1);
    }
  });

  it('an id says to every process whose it is, and to nobody else', () => {
    const claim = {
      tokenId: newId(),
      organizationId: newId(),
      path: '/mcp',
      protocolVersion: '2025-11-25',
      ownerId: newId(),
    };
    const id = sealSessionId(keyring, claim);
    expect(openSessionId(keyring, id)).toEqual(claim);
    expect(openSessionId(keyring, `${id}A`)).toBeNull();
    expect(sealSessionId(keyring, claim)).not.toBe(id);
  });
});

describe('[SES-19] the end of the process', () => {
  it('streams end in good order, and at once', async () => {
    const world = await startSessionWorld(['echo']);
    const client = await world.begin();
    const stream = await client.listen();
    const started = Date.now();
    await world.gateway.gateway.stop(20_000);
    expect(await stream.ended()).toBe('end');
    expect(Date.now() - started).toBeLessThan(10_000);
  });
});

describe('[SES-15] memory', () => {
  it('10,000 idle sessions take less than 5 KB each, and stay usable', async () => {
    await using world = await startSessionWorld(['echo']);
    setFlagsFromString('--expose_gc');
    const gc = runInNewContext('gc') as () => void;
    const heap = () => {
      gc();
      gc();
      return process.memoryUsage().heapUsed;
    };
    const sessions = 10_000;
    const hello = {
      protocolVersion: '2025-11-25',
      capabilities: { roots: {} },
      clientInfo: { name: 'c', version: '1' },
    };
    const one = async (): Promise<string> => {
      const begun = await world.gateway.post(world.path, world.token, legacy('initialize', hello));
      const id = begun.headers.get('mcp-session-id') ?? '';
      const listed = await world.gateway.post(world.path, world.token, legacy('tools/list'), { 'mcp-session-id': id });
      expect(listed.status).toBe(200);
      return id;
    };
    const used = async (count: number) => {
      const ids: string[] = [];
      for (let begun = 0; begun < count; begun += 50) {
        ids.push(...(await Promise.all(Array.from({ length: 50 }, one))));
        world.gateway.records.length = 0;
        world.gateway.logLines.length = 0;
      }
      return ids;
    };
    await used(500);
    const before = heap();
    const ids = await used(sessions);
    const perSession = (heap() - before) / sessions;
    // The ids themselves are kept by this test as well.
    expect(ids).toHaveLength(sessions);
    process.stdout.write(`idle session: ${Math.round(perSession)} bytes of heap\n`);
    expect(perSession).toBeLessThan(5 * 1024);
    const headers = { authorization: `Bearer ${world.token}`, 'mcp-session-id': ids[0] };
    expect(await statusOf(openRequest(world.gateway.port, { path: world.path, headers, body: ping }))).toBe(200);
  }, 240_000);
});
