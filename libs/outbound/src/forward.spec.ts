import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createAddressGuard } from './create-address-guard.js';
import { createGuardedFetch } from './create-guarded-fetch.js';
import { createUpstreamPools } from './create-upstream-pools.js';
import { forward } from './forward.js';
import type { ForwardRequest } from './forward-request.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const listen = async (server: Server) => {
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  closers.push(() => {
    server.closeAllConnections?.();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};
const guard = createAddressGuard(['127.0.0.1', 'localhost']);
const pools = (idleMs?: number, connections = 4) => {
  const made = createUpstreamPools({
    guard,
    connectTimeoutMs: 1000,
    connections,
    ...(idleMs === undefined ? {} : { idleMs }),
  });
  closers.push(() => made.close());
  return made;
};
const send = (origin: string, more: Partial<ForwardRequest> = {}) =>
  forward(pools().for(origin), {
    path: '/mcp',
    method: 'POST',
    headers: {},
    body: 'hi',
    timeoutMs: 2000,
    maxBytes: 1000,
    ...more,
  });
const serve = (listener: RequestListener) => listen(createServer(listener));

describe('forward', () => {
  it('returns status, headers and bytes, and follows no redirect', async () => {
    const origin = await serve((request, response) => {
      response.writeHead(302, { location: '/elsewhere', 'x-seen': request.method });
      response.write('a');
      setTimeout(() => response.end('bc'), 5);
    });
    const reply = await send(origin);
    expect([reply.status, reply.headers['x-seen'], reply.body.toString()]).toEqual([302, 'POST', 'abc']);
  });

  it('[RBS-6] tells a request that cannot be sent as a fault of ours, not of the upstream', async () => {
    let reached = 0;
    const origin = await serve((_request, response) => {
      reached++;
      response.end();
    });
    const cases: Partial<ForwardRequest>[] = [
      { headers: { 'x-name': 'line\nbreak' } },
      { headers: { 'no token': 'x' } },
      { headers: { expect: '100-continue' } },
      { headers: { 'content-length': '7' } },
      { path: '/a b' },
    ];
    for (const one of cases)
      await expect(send(origin, one), JSON.stringify(one)).rejects.toMatchObject({
        code: 'INTERNAL',
        message: expect.stringContaining('cannot be sent') as string,
      });
    expect(reached).toBe(0);
  });

  it('refuses one byte too many, announced or not', async () => {
    const origin = await serve((request, response) => {
      if (request.headers['x-chunked']) response.write('x'.repeat(600));
      response.end('x'.repeat(request.headers['x-chunked'] ? 401 : 1001));
    });
    await expect(send(origin)).rejects.toMatchObject({ code: 'UPSTREAM_TOO_LARGE' });
    await expect(send(origin, { headers: { 'x-chunked': '1' } })).rejects.toMatchObject({ code: 'UPSTREAM_TOO_LARGE' });
    await expect(send(origin, { maxBytes: 1001 })).resolves.toMatchObject({ status: 200 });
  });

  it('ends at the total timeout although bytes still trickle', async () => {
    const origin = await serve((_request, response) => {
      const timer = setInterval(() => response.write('.'), 10);
      response.on('close', () => clearInterval(timer));
    });
    await expect(send(origin, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
  });

  it('cancels on the signal and tells the upstream by closing', async () => {
    let closed: () => void;
    const gone = new Promise<void>((done) => (closed = done));
    const controller = new AbortController();
    const origin = await serve((_request, response) => {
      response.on('close', () => closed());
      controller.abort(new Error('client left'));
    });
    await expect(send(origin, { signal: controller.signal })).rejects.toThrow('client left');
    await gone;
    await expect(send(origin, { signal: AbortSignal.abort(new Error('early')) })).rejects.toThrow('early');
  });

  it('hands out events as they come, stops at the wanted one and keeps the connection', async () => {
    const sockets = new Set<unknown>();
    const origin = await serve((request, response) => {
      sockets.add(request.socket);
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
      response.write(': keep-alive\n\nid: 1\nevent: message\ndata: {"a":"ü');
      response.write('"}\ndata: second line\r\n\r');
      response.end('\ndata:last\n\n');
    });
    const one = pools(undefined, 1).for(origin);
    for (let round = 0; round < 2; round++) {
      const seen: string[] = [];
      const reply = await forward(one, {
        path: '/',
        method: 'POST',
        headers: {},
        body: null,
        timeoutMs: 1000,
        maxBytes: 1000,
        onEvent: (event) => seen.push(event.data) > 0,
      });
      expect([reply.body.length, seen]).toEqual([0, ['{"a":"ü"}\nsecond line']]);
    }
    expect(sockets.size).toBe(1);
  });

  it.each([
    ['UPSTREAM_REFUSED', 'http://127.0.0.1:1'],
    ['UPSTREAM_UNREACHABLE', 'http://no-such-host.invalid'],
  ])('classifies %s', async (code, origin) => {
    await expect(send(origin)).rejects.toMatchObject({ code });
  });

  it('classifies what is no HTTP and what breaks off', async () => {
    const tcp = createTcpServer((socket) => socket.once('data', () => socket.end('SSH-2.0-x\r\n\r\n')));
    const breaking = createServer((request) => request.socket.destroy());
    await expect(send(await listen(tcp as unknown as Server))).rejects.toMatchObject({ code: 'UPSTREAM_NOT_MCP' });
    await expect(send(await listen(breaking))).rejects.toMatchObject({ code: 'UPSTREAM_REFUSED' });
  });

  it('never dials a blocked literal or a name that turns out private', async () => {
    const strict = createUpstreamPools({ guard: createAddressGuard([]), connectTimeoutMs: 1000, connections: 1 });
    closers.push(() => strict.close());
    expect(() => strict.for('http://127.0.0.1:9')).toThrow(
      expect.objectContaining({ code: 'UPSTREAM_BLOCKED_ADDRESS' }),
    );
    const request = { path: '/', method: 'GET', headers: {}, body: null, timeoutMs: 1000, maxBytes: 10 } as const;
    await expect(forward(strict.for('http://localhost:9'), request)).rejects.toMatchObject({
      code: 'UPSTREAM_BLOCKED_ADDRESS',
    });
  });

  it('is not fooled by a name that changes its address after the first check', async () => {
    let call = 0;
    const rebinding = createAddressGuard([], (_name, _options, callback) =>
      callback(null, [{ address: call++ === 0 ? '203.0.112.1' : '127.0.0.1', family: 4 }]),
    );
    const made = createUpstreamPools({ guard: rebinding, connectTimeoutMs: 100, connections: 1 });
    closers.push(() => made.close());
    await new Promise((done) => rebinding.lookupFor(80)('rebind.example', { all: true }, done));
    const request = { path: '/', method: 'GET', headers: {}, body: null, timeoutMs: 1000, maxBytes: 10 } as const;
    await expect(forward(made.for('http://rebind.example'), request)).rejects.toMatchObject({
      code: 'UPSTREAM_BLOCKED_ADDRESS',
    });
  });

  it('closes pools that nobody uses', async () => {
    const origin = await serve((_request, response) => response.end('ok'));
    const made = pools(0);
    await forward(made.for(origin), {
      path: '/',
      method: 'GET',
      headers: {},
      body: null,
      timeoutMs: 1000,
      maxBytes: 10,
    });
    await expect.poll(() => (made.closeIdle(), made.size)).toBe(0);
  });
});

describe('the guarded fetch', () => {
  it('fetches what is allowed and refuses redirects and private addresses', async () => {
    const origin = await serve((request, response) => {
      if (request.url === '/redirect') response.writeHead(302, { location: 'http://169.254.169.254/' });
      response.end('ok');
    });
    const gone = createServer();
    const closedPort = await listen(gone);
    gone.close();
    const { fetch, close } = createGuardedFetch({ guard, connectTimeoutMs: 1000, connections: 2, timeoutMs: 1000 });
    closers.push(close);
    expect(await (await fetch(`${origin}/`)).text()).toBe('ok');
    await expect(fetch(`${origin}/redirect`)).rejects.toMatchObject({ code: 'UPSTREAM_REDIRECT' });
    await expect(fetch('http://169.254.169.254/')).rejects.toMatchObject({ code: 'UPSTREAM_BLOCKED_ADDRESS' });
    await expect(fetch(closedPort)).rejects.toMatchObject({ code: 'UPSTREAM_REFUSED' });
  });
});
