import { afterEach, describe, expect, inject, it } from 'vitest';
import { generateMasterKey } from '#crypto';
import { addUpstream, callMcp, signUpAdmin, startGatehouse, until } from '#testing';
import { openRequest, type StreamClient } from '../service/stream-client.js';
import { openLegacyClient } from './bridge-client.js';
import { untilServed } from './mcp-world.js';
import { startMortalPostgres } from './server-mortal-postgres.js';
import { auditProblems, sql, untilReady } from './server-support.js';
import { TalkativeUpstream } from './talkative-upstream.js';

// The database dies while clients listen and a call runs, and comes back: nobody starts anything again.

type Json = Record<string, unknown>;

const staleAfterMs = 8_000;
const version = '2026-07-28';
const opened: StreamClient[] = [];
afterEach(() => {
  for (const stream of opened.splice(0)) stream.leave();
});

/** The streams and calls of one token at `/mcp` of one gateway. */
function clientsAt(gateway: string, token: string) {
  const port = Number(new URL(gateway).port);
  const open = async (options: Parameters<typeof openRequest>[1]) => {
    const stream = await openRequest(port, options);
    opened.push(stream);
    return stream;
  };
  return {
    /** The stream of a session for what belongs to no request. */
    hear: (session: Record<string, string>, lastEventId?: string) =>
      open({
        method: 'GET',
        path: '/mcp',
        headers: { ...session, accept: 'text/event-stream', 'last-event-id': lastEventId },
      }),
    listen: () => {
      const _meta = {
        'io.modelcontextprotocol/protocolVersion': version,
        'io.modelcontextprotocol/clientCapabilities': {},
        'io.modelcontextprotocol/clientInfo': { name: 't', version: '1' },
      };
      const method = 'subscriptions/listen';
      return open({
        path: '/mcp',
        headers: { authorization: `Bearer ${token}`, 'mcp-protocol-version': version, 'mcp-method': method },
        body: { jsonrpc: '2.0', id: 1, method, params: { notifications: { toolsListChanged: true }, _meta } },
      });
    },
    call: (session: Record<string, string>, tool: string, id: string | number) =>
      open({
        path: '/mcp',
        headers: session,
        body: { jsonrpc: '2.0', id, method: 'tools/call', params: { name: tool, arguments: { text: 'x' } } },
      }),
  };
}

describe('the database dies under open streams and a running call', () => {
  it.each(['allow', 'deny'] as const)(
    '[RBS-8] with limits "%s": as documented meanwhile, at the stale time everything ends, and then all is back',
    async (onStoreDown) => {
      await using postgres = await startMortalPostgres(inject('pgBinFolder'));
      await using upstream = await new TalkativeUpstream('legacy').start();
      await using server = await startGatehouse({
        env: {
          DATABASE_URL: postgres.url,
          GATEHOUSE_MASTER_KEY: generateMasterKey(),
          GATEHOUSE_OUTBOUND_ALLOWED_HOSTS: '127.0.0.1',
          GATEHOUSE_GATEWAY_SNAPSHOT_STALE_AFTER: `${staleAfterMs}ms`,
          GATEHOUSE_WORKER_RECONNECT_MAX_DELAY: '1s',
          GATEHOUSE_DATABASE_CONNECT_TIMEOUT: '1s',
          GATEHOUSE_LIMITS_ON_STORE_DOWN: onStoreDown,
        },
      });
      const { admin, token } = await signUpAdmin(server);
      await addUpstream(admin, 'talk', upstream.url);
      const url = `${server.gateway}/mcp`;
      await untilServed(url, token);
      const clients = clientsAt(server.gateway, token);
      const { headers: session } = await openLegacyClient(url, token);
      const stream = await clients.hear(session);
      const { id: lastEventId } = await stream.next();
      const listening = await clients.listen();
      await listening.message();
      const slow = clients.call(session, 'talk__slow', 'slow');
      await until('the call runs', () => upstream.seen.some(({ params }) => params['name'] === 'slow'));

      const died = performance.now();
      await postgres.kill();
      const codeNow = async (): Promise<number | undefined> => {
        const answer = await callMcp(url, token, 'tools/call', { name: 'talk__echo', arguments: {} });
        return answer.body?.error?.code;
      };
      if (onStoreDown === 'allow') for (let n = 0; n < 50; n++) expect(await codeNow()).toBeUndefined();
      else await until('the leases are used up', async () => (await codeNow()) === -31_001);
      // All of that was before the stale time, and nothing that was open has ended.
      expect(performance.now() - died).toBeLessThan(staleAfterMs - 1_000);
      expect([stream.over, listening.over, upstream.cancelled]).toEqual([null, null, 0]);

      expect(await stream.ended()).toBe('end');
      expect(performance.now() - died).toBeGreaterThan(staleAfterMs - 2_000);
      expect(await listening.message()).toMatchObject({ id: 1, error: { code: -31_004 } });
      expect(await listening.ended()).toBe('end');
      const answer = await slow;
      await answer.ended();
      expect([answer.status, JSON.parse(answer.text)]).toMatchObject([503, { id: 'slow', error: { code: -31_004 } }]);
      await until('its upstream was told', () => upstream.cancelled === 1);
      expect(await codeNow()).toBe(-31_004);
      expect((await clients.hear(session)).status).toBe(503);

      await postgres.restart();
      await untilReady(server);
      await until('calls are counted again', async () => (await codeNow()) === undefined, 5_000);
      const back = await clients.hear(session, lastEventId);
      expect(back.status).toBe(200);
      const again = await clients.listen();
      expect(await again.message()).toMatchObject({ method: 'notifications/subscriptions/acknowledged' });
      await until('the session is served', async () => {
        const called = await clients.call(session, 'talk__echo', 2);
        await called.ended();
        return called.status === 200 && (JSON.parse(called.text) as Json)['result'] !== undefined;
      });
      upstream.addTool('grown');
      const told = ({ events }: StreamClient) => events.some(({ data }) => data?.includes('tools/list_changed'));
      await until('both hear of a new tool', () => told(back) && told(again));
      await until('what was cut is in the audit log', async () => {
        const rows = await sql<{ action: string }>(
          postgres.url,
          "select action from audit_events where reason = 'SERVICE_STALE' and action in ('tools/call', 'subscriptions/listen') and outcome = 'FAILED' and request_id is not null order by action",
        );
        return rows.filter(({ action }) => action === 'subscriptions/listen').length === 1 && rows.length >= 2;
      });
      expect(await auditProblems(admin)).toEqual({ valid: true, problems: [] });
      expect(await server.stop()).toEqual({ code: 0, signal: null });
    },
  );
});

describe('the database dies, and the spool for audit records fills', () => {
  it.each(['deny', 'drop-and-count'] as const)(
    '[RBS-8] with audit "%s": open streams go on, calls are refused or served, and all is back',
    async (onStoreDown) => {
      await using postgres = await startMortalPostgres(inject('pgBinFolder'));
      await using upstream = await new TalkativeUpstream('legacy').start();
      await using server = await startGatehouse({
        env: {
          DATABASE_URL: postgres.url,
          GATEHOUSE_MASTER_KEY: generateMasterKey(),
          GATEHOUSE_OUTBOUND_ALLOWED_HOSTS: '127.0.0.1',
          GATEHOUSE_DATABASE_CONNECT_TIMEOUT: '1s',
          GATEHOUSE_WORKER_RECONNECT_MAX_DELAY: '1s',
          GATEHOUSE_SERVER_DRAIN_TIMEOUT: '1s',
          GATEHOUSE_AUDIT_SPOOL_MAX: '64KiB',
          GATEHOUSE_AUDIT_BUFFER_MAX: '100',
          GATEHOUSE_AUDIT_ON_STORE_DOWN: onStoreDown,
        },
      });
      const { admin, token } = await signUpAdmin(server);
      await addUpstream(admin, 'talk', upstream.url);
      const url = `${server.gateway}/mcp`;
      await untilServed(url, token);
      const clients = clientsAt(server.gateway, token);
      const { headers: session } = await openLegacyClient(url, token);
      const stream = await clients.hear(session);
      const listening = await clients.listen();
      await listening.message();
      const running = clients.call(session, 'talk__slow', 'slow');
      await until('the call runs', () => upstream.seen.some(({ params }) => params['name'] === 'slow'));
      const call = () => callMcp(url, token, 'tools/call', { name: 'talk__echo', arguments: {} });
      let answered = 0;

      await postgres.kill();
      const most = 400;
      let refused: Awaited<ReturnType<typeof call>> | null = null;
      while (refused === null && answered < most) {
        const answer = await call();
        if (answer.status === 200) answered++;
        else refused = answer;
      }
      if (onStoreDown === 'deny')
        expect(refused).toMatchObject({
          status: 503,
          body: { error: { message: expect.stringContaining('audit records') as string } },
        });
      else expect(answered).toBe(most);
      expect([stream.over, listening.over, upstream.cancelled]).toEqual([null, null, 0]);

      await postgres.restart();
      await untilReady(server);
      await until('calls are served', async () => (await call()).status === 200);
      upstream.addTool('grown');
      const told = ({ events }: StreamClient) => events.some(({ data }) => data?.includes('tools/list_changed'));
      await until('both hear of a new tool', () => told(stream) && told(listening));
      expect((await clients.call(session, 'talk__echo', 2)).status).toBe(200);
      const kept = async () => {
        const [row] = await sql<{ n: number }>(
          postgres.url,
          "select count(*)::int as n from audit_events where action = 'tools/call' and outcome = 'ALLOWED'",
        );
        return row?.n ?? 0;
      };
      // Two came after it was back. Refused, nothing is lost; served on, what is lost is counted, and the chain is whole.
      if (onStoreDown === 'deny')
        await until('every answered call is recorded', async () => (await kept()) >= answered + 2);
      else await until('later calls are recorded', async () => (await kept()) > 0);
      expect(await auditProblems(admin)).toEqual({ valid: true, problems: [] });
      void running.then((one) => one.leave());
      expect(await server.stop()).toEqual({ code: 0, signal: null });
    },
  );
});
