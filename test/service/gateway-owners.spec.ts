import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { openExchange, type Exchange } from '../../apps/gateway/src/http/exchange.js';
import { publicUrlsOf } from '../../apps/gateway/src/http/public-urls.js';
import { openOwners } from '../../apps/gateway/src/owners/open-owners.js';
import { CallError } from '../../apps/gateway/src/pipeline/call-error.js';
import { loadConfig } from '#config';
import { createKeyring } from '#crypto';
import { createLogger, createMetrics } from '#observability';
import { peerIdentity, peerTls } from '#outbound';
import { createPool, SYSTEM_ROLE, type DatabasePool } from '#postgres';
import { createTestDatabase, until, type TestDatabase } from '#testing';

const keyring = createKeyring(randomBytes(32));
const strangersKeyring = createKeyring(randomBytes(32));
const logger = createLogger({ level: 'silent', service: 'gateway' });

let database: TestDatabase;
let pool: DatabasePool;
const opened: (() => Promise<void>)[] = [];

beforeAll(async () => {
  database = await createTestDatabase(inject('pgUrl'));
  pool = createPool({ url: database.url, role: SYSTEM_ROLE, max: 4 });
});
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});
afterAll(async () => {
  await pool.end();
  await database[Symbol.asyncDispose]();
});

/** A gateway process as far as owners go: what comes by the public port is for `target`, or served here. */
async function startProcess(serve: (exchange: Exchange) => void, env: Record<string, string> = {}) {
  const config = loadConfig({ GATEHOUSE_GATEWAY_HEARTBEAT: '200ms', ...env });
  const state = { target: '', served: [] as Exchange[], queries: 0, body: null as Buffer | null };
  const door = createServer((request, response) => {
    const exchange = openExchange(request, response);
    owners.forward(exchange, state.target, state.body).then(
      (isDone) => {
        if (!isDone) response.writeHead(404).end('{"gone":true}');
      },
      (error: unknown) => {
        if (error instanceof CallError) response.writeHead(error.status).end(error.message);
        else response.destroy();
      },
    );
  });
  await new Promise<void>((resolve) => void door.listen(0, '127.0.0.1', resolve));
  const { port } = door.address() as AddressInfo;
  const counted: Pick<DatabasePool, 'query'> = {
    query: (sql, params) => {
      if (sql.includes('select id, address')) state.queries += 1;
      return pool.query(sql, params);
    },
  };
  const owners = await openOwners({
    ...{ config, keyring, logger, metrics: createMetrics({ processMetrics: false }), pool: counted },
    urls: publicUrlsOf(config, port),
    processNumber: 1,
    serve: (exchange) => {
      state.served.push(exchange);
      serve(exchange);
    },
  });
  let isStopped = false;
  const stop = async () => {
    if (isStopped) return;
    isStopped = true;
    await owners.stopServing();
    await owners.close();
    door.close();
    door.closeAllConnections();
  };
  opened.push(stop);
  return { owners, state, port, url: `http://127.0.0.1:${port}`, stop };
}

/** Two processes; the first hands everything to the second. */
async function startPair(serve: (exchange: Exchange) => void, env: Record<string, string> = {}) {
  const owner = await startProcess(serve, env);
  const first = await startProcess((exchange) => exchange.response.end('not the owner'), env);
  first.state.target = owner.owners.selfId;
  return { first, owner };
}

const echo = ({ handedOver, request, response }: Exchange) => {
  response.writeHead(207, ['content-type', 'application/json', 'x-one', 'a', 'x-one', 'b']);
  response.end(JSON.stringify({ method: request.method, url: request.url, body: handedOver?.body.toString('base64') }));
};

describe('a request whose owner is another process', () => {
  it('[OWN-1] arrives there whole, and so does its answer here', async () => {
    const { first, owner } = await startPair(echo);
    const body = randomBytes(300_000);
    const response = await fetch(`${first.url}/servers/mine/mcp?a=1&b`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'mcp-session-id': 'x', authorization: 'Bearer gth_x' },
      body,
    });
    expect(response.status).toBe(207);
    expect(response.headers.get('x-one')).toBe('a, b');
    expect(response.headers.get('x-gatehouse-hop-proof')).toBeNull();
    expect(await response.json()).toEqual({
      method: 'POST',
      url: '/servers/mine/mcp?a=1&b',
      body: body.toString('base64'),
    });
    const { request } = owner.state.served[0] ?? {};
    expect(request?.headers).toMatchObject({
      host: `127.0.0.1:${first.port}`,
      'mcp-session-id': 'x',
      authorization: 'Bearer gth_x',
    });
  });

  it('[OWN-2] shows the client: its address, correlation id and the public URL that it called', async () => {
    const { first, owner } = await startPair(echo);
    await fetch(`${first.url}/mcp`, { method: 'DELETE', headers: { 'x-request-id': 'client-made-1' } });
    expect(owner.state.served[0]).toMatchObject({
      ip: '127.0.0.1',
      requestId: 'client-made-1',
      path: '/mcp',
      handedOver: { publicUrl: first.url, isCounted: false, body: Buffer.alloc(0) },
    });
    expect(owner.state.served[0]?.request.rawHeaders.join().toLowerCase()).not.toContain('x-gatehouse-hop');
  });

  it('[OWN-1] streams both ways without buffering, and a client that goes away is noticed', async () => {
    const { first, owner } = await startPair(({ response }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
    });
    const client = await new Promise<IncomingMessage>((resolve) => {
      httpRequest(`${first.url}/mcp`, { headers: { accept: 'text/event-stream' } }, resolve).end();
    });
    expect(client.headers['content-type']).toBe('text/event-stream');
    const served = owner.state.served[0];
    let seen = '';
    client.on('data', (chunk) => (seen += String(chunk)));
    client.on('error', () => undefined);
    for (const event of ['data: one\n\n', 'data: two\n\n']) {
      served?.response.write(event);
      await until('the event is there', () => seen.endsWith(event), 5_000);
    }
    let closed = false;
    served?.response.once('close', () => (closed = true));
    client.destroy();
    await until('the owner knows', () => closed, 5_000);
  });

  it('[OWN-1] is read no faster than the client reads', async () => {
    const chunk = Buffer.alloc(1024 * 1024);
    let written = 0;
    const { first } = await startPair(({ response }) => {
      const more = (): void => {
        if (response.destroyed || written >= 200) return;
        written += 1;
        if (response.write(chunk)) setImmediate(more);
        else response.once('drain', more);
      };
      more();
    });
    const client = await new Promise<IncomingMessage>((resolve) => {
      httpRequest(`${first.url}/mcp`, resolve).end();
    });
    client.pause();
    let last = -1;
    let looks = 0;
    await until('the writer waits', () => {
      looks = written === last ? looks + 1 : 0;
      last = written;
      return looks > 15;
    });
    expect(written).toBeLessThan(60);
    let size = 0;
    client.on('error', () => undefined);
    client.on('data', (data: Buffer) => (size += data.length));
    client.resume();
    await until('everything comes', () => size >= 190 * chunk.length);
    client.destroy();
  });

  it('[OWN-1] is done once, and its owner is not given up, when a connection breaks before the answer', async () => {
    let breaks = true;
    const { first, owner } = await startPair((exchange) => {
      if (breaks) exchange.request.socket.destroy();
      else echo(exchange);
    });
    // The same signature comes again over another connection, and is not taken a second time.
    expect((await fetch(`${first.url}/mcp`, { method: 'POST', body: 'x' })).status).toBe(404);
    expect(owner.state.served).toHaveLength(1);
    breaks = false;
    expect((await fetch(`${first.url}/mcp`, { method: 'POST', body: 'x' })).status).toBe(207);
  });

  it('[RBS-6] that cannot be sent is refused as malformed, and its owner is not given up', async () => {
    const { first, owner } = await startPair(echo);
    expect((await fetch(`${first.url}/mcp`)).status).toBe(207);
    const { queries } = first.state;
    const raw = await new Promise<string>((resolve, reject) => {
      const socket = connect(first.port, '127.0.0.1', () =>
        socket.end('GET /mcp HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n'),
      );
      let text = '';
      socket.on('data', (chunk) => (text += String(chunk)));
      socket.once('end', () => resolve(text));
      socket.once('error', reject);
    });
    expect(raw).toMatch(/^HTTP\/1.1 400 /);
    expect(raw).toContain('A header of the request is malformed or comes twice.');
    expect((await fetch(`${first.url}/mcp`)).status).toBe(207);
    expect(owner.state.served).toHaveLength(2);
    expect(first.state.queries).toBe(queries);
  });

  it('[OWN-3] makes one hop and no second one', async () => {
    const third = await startProcess(echo);
    const middle = await startProcess((exchange) => {
      void middle.owners.forward(exchange, third.owners.selfId, exchange.handedOver?.body ?? null).then((isDone) => {
        if (!isDone) exchange.response.writeHead(404).end();
      });
    });
    const first = await startProcess(echo);
    first.state.target = middle.owners.selfId;
    expect((await fetch(`${first.url}/mcp`)).status).toBe(404);
    expect(third.state.served).toEqual([]);
  });
});

describe('[LMT-7] the address that the others are told', () => {
  const addressOf = async ({ owners }: Awaited<ReturnType<typeof startProcess>>) => {
    const [row] = await pool.query<{ address: string }>('select address from gateway_instances where id = $1', [
      owners.selfId,
    ]);
    return row?.address;
  };

  it('is the one that is set, and the one that they dial', async () => {
    const bound = await startProcess(echo);
    expect(await addressOf(bound)).toMatch(/^127\.0\.0\.1:\d+$/);
    const named = await startProcess(echo, { GATEHOUSE_GATEWAY_INTERNAL_ADDRESS: 'localhost' });
    expect(await addressOf(named)).toMatch(/^localhost:\d+$/);
    const elsewhere = await startProcess(echo, { GATEHOUSE_GATEWAY_INTERNAL_ADDRESS: '::1' });
    expect(await addressOf(elsewhere)).toMatch(/^\[::1\]:\d+$/);
    const first = await startProcess(echo);
    first.state.target = named.owners.selfId;
    expect((await fetch(`${first.url}/mcp`)).status).toBe(207);
    expect(named.state.served).toHaveLength(1);
    // Nobody listens there: the address that is told decides, not the one that is bound.
    first.state.target = elsewhere.owners.selfId;
    expect((await fetch(`${first.url}/mcp`)).status).toBe(404);
    expect(elsewhere.state.served).toHaveLength(0);
  });
});

describe('an owner that is gone', () => {
  it('[OWN-5] is told at once, and forgotten by the table and by the others', async () => {
    const { first, owner } = await startPair(echo);
    expect((await fetch(`${first.url}/mcp`)).status).toBe(207);
    await owner.stop();
    expect((await fetch(`${first.url}/mcp`)).status).toBe(404);
    expect(await pool.query('select id from gateway_instances where id = $1', [owner.owners.selfId])).toEqual([]);
  });

  it('[OWN-5] whose row stays is not dialled for ever, and the row goes after three missed beats', async () => {
    const { first, owner } = await startPair(echo);
    const { selfId } = owner.owners;
    const [row] = await pool.query<{ address: string }>('select address from gateway_instances where id = $1', [
      selfId,
    ]);
    await owner.stop();
    await pool.query('insert into gateway_instances (id, address) values ($1, $2)', [selfId, row?.address]);
    expect((await fetch(`${first.url}/mcp`)).status).toBe(404);
    await until('the row is gone', async () => {
      return (await pool.query('select id from gateway_instances where id = $1', [selfId])).length === 0;
    });
    expect((await fetch(`${first.url}/mcp`)).status).toBe(404);
  });

  it('[OWN-5] costs at most one look into the database a second, however many ask', async () => {
    // One beat at the start, and none while we count.
    const alone = await startProcess(echo, { GATEHOUSE_GATEWAY_HEARTBEAT: '60s' });
    const before = alone.state.queries;
    const began = performance.now();
    for (let round = 0; round < 3; round += 1) {
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          alone.state.target = randomUUID();
          expect((await fetch(`${alone.url}/mcp`)).status).toBe(404);
        }),
      );
    }
    const seconds = (performance.now() - began) / 1000;
    expect(alone.state.queries - before).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
    // An id that is known to be unknown waits for nobody.
    const again = performance.now();
    expect((await fetch(`${alone.url}/mcp`)).status).toBe(404);
    expect(performance.now() - again).toBeLessThan(900);
  });

  it('[OWN-5] finds a process that came after the last look', async () => {
    const first = await startProcess(echo, { GATEHOUSE_GATEWAY_HEARTBEAT: '60s' });
    first.state.target = randomUUID();
    expect((await fetch(`${first.url}/mcp`)).status).toBe(404);
    const late = await startProcess(echo);
    first.state.target = late.owners.selfId;
    expect((await fetch(`${first.url}/mcp`)).status).toBe(207);
  });

  it('[OWN-4] and whose port a stranger took gets nothing, and the stranger is not believed', async () => {
    const heard: string[] = [];
    const strangers = [
      createServer((request, response) => {
        heard.push(String(request.headers.authorization));
        response.end('{"result":"believe me"}');
      }),
      createTlsServer(
        {
          ...peerTls,
          pskCallback: (_socket, identity) =>
            identity === peerIdentity ? strangersKeyring.key('hop-transport') : null,
        },
        (request, response) => {
          heard.push(String(request.headers.authorization));
          response.end('{"result":"believe me"}');
        },
      ),
      // Even one that holds the transport key cannot prove that it is the process that was asked.
      createTlsServer({ ...peerTls, pskCallback: () => keyring.key('hop-transport') }, (_request, response) => {
        response.setHeader('x-gatehouse-hop-proof', 'f'.repeat(64));
        response.end('{"result":"believe me"}');
      }),
    ];
    for (const stranger of strangers) {
      await new Promise<void>((resolve) => void stranger.listen(0, '127.0.0.1', resolve));
      const { port } = stranger.address() as AddressInfo;
      const id = randomUUID();
      await pool.query('insert into gateway_instances (id, address) values ($1, $2)', [id, `127.0.0.1:${port}`]);
      const first = await startProcess(echo);
      first.state.target = id;
      const response = await fetch(`${first.url}/mcp`, { headers: { authorization: 'Bearer gth_secret' } });
      expect([response.status, await response.text()]).toEqual([404, '{"gone":true}']);
      await first.stop();
      stranger.close();
      stranger.closeAllConnections();
    }
    expect(heard).toEqual([]);
  });
});
