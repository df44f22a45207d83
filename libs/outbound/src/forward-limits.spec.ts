import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createAddressGuard } from './create-address-guard.js';
import { createUpstreamPools } from './create-upstream-pools.js';
import { forward } from './forward.js';
import type { ForwardRequest, StreamPosition } from './forward-request.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
function pools(connections = 4) {
  const guard = createAddressGuard(['127.0.0.1']);
  const made = createUpstreamPools({ guard, connectTimeoutMs: 1000, connections });
  closers.push(() => made.close());
  return made;
}
const send = (origin: string, more: Partial<ForwardRequest> = {}) =>
  forward(pools().for(origin), {
    ...{ path: '/', method: 'POST', headers: {}, body: 'hi', timeoutMs: 2000, maxBytes: 1000 },
    ...more,
  });
const stream = 'text/event-stream';

describe('the time of a request', () => {
  it('[LNK-6] is limited until the first byte, between signs of life, and in all, each by its own setting', async () => {
    const origin = await serve((request, response) => {
      if (request.url === '/silent') return;
      response.writeHead(200, { 'content-type': stream });
      const timer = setInterval(() => response.write('data: 1\n\n'), 50);
      response.on('close', () => clearInterval(timer));
    });
    const endless = { path: '/', onEvent: () => false } as const;
    await expect(send(origin, { path: '/silent', headersTimeoutMs: 80 })).rejects.toMatchObject({
      code: 'UPSTREAM_TIMEOUT',
      message: expect.stringContaining('GATEHOUSE_OUTBOUND_HEADERS_TIMEOUT'),
    });
    await expect(send(origin, { ...endless, headersTimeoutMs: 1000, timeoutMs: 150 })).rejects.toMatchObject({
      message: expect.stringContaining('GATEHOUSE_OUTBOUND_REQUEST_TIMEOUT'),
    });
    let seen = 0;
    const alive = send(origin, {
      timeoutMs: 150,
      maxMs: 600,
      onEvent: (_event, control) => (seen++, control.restart(), false),
    });
    await expect(alive).rejects.toMatchObject({ message: expect.stringContaining('GATEHOUSE_OUTBOUND_MAX_REQUEST') });
    expect(seen).toBeGreaterThan(5);
    let held = 0;
    const waiting = send(origin, {
      timeoutMs: 100,
      onEvent: (_event, control) => {
        if (held++ === 0) control.hold();
        return held > 6;
      },
    });
    await expect(waiting).resolves.toMatchObject({ status: 200 });
  });

  it('has no limit for a stream that may be silent', async () => {
    const origin = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': stream }).flushHeaders();
      setTimeout(() => response.end('data: late\n\n'), 300);
    });
    await expect(send(origin, { timeoutMs: 0, headersTimeoutMs: 200, onEvent: () => true })).resolves.toMatchObject({
      status: 200,
    });
  });
});

describe('an event stream', () => {
  it('[LNK-4] is read on when an event has been taken, in order, to its end', async () => {
    const origin = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': stream });
      response.write('data: 1\n\ndata: 2\n\ndata: 3\n\n');
      response.end('data: 4\n\n');
    });
    const seen: string[] = [];
    let under = 0;
    const reply = await send(origin, {
      onEvent: async ({ data }) => {
        under++;
        await new Promise((resolve) => setTimeout(resolve, 20));
        seen.push(`${data}/${under--}`);
        return false;
      },
    });
    expect([seen, reply.body.length]).toEqual([['1/1', '2/1', '3/1', '4/1'], 0]);
  });

  it('tells how far it came, bounds one event and not their sum, and fails with what its taker throws', async () => {
    const origin = await serve((request, response) => {
      response.writeHead(200, { 'content-type': stream });
      if (request.url === '/large') response.write(`data: ${'x'.repeat(1500)}`);
      else if (request.url === '/comments') for (let n = 0; n < 20; n++) response.write(`: ${'c'.repeat(100)}\n`);
      else for (let n = 0; n < 9; n++) response.write(`id: ${n}\nretry: 7\ndata: ${'x'.repeat(900)}\n\n`);
      response.end('id: last\n\n');
    });
    const position: StreamPosition = { lastEventId: null, retryMs: null };
    let events = 0;
    await send(origin, { position, onEvent: () => (events++, false) });
    expect([events, position]).toEqual([9, { lastEventId: 'last', retryMs: 7 }]);
    await expect(send(origin, { path: '/large', onEvent: () => false })).rejects.toMatchObject({
      code: 'UPSTREAM_TOO_LARGE',
    });
    await expect(send(origin, { path: '/comments', onEvent: () => false })).resolves.toMatchObject({ status: 200 });
    const broken = () => {
      throw new Error('of the taker');
    };
    await expect(send(origin, { onEvent: broken })).rejects.toThrow('of the taker');
    await expect(send(origin, { onEvent: () => Promise.reject(new Error('later')) })).rejects.toThrow('later');
  });
});

describe('a body that streams', () => {
  const body = Buffer.alloc(300_000, 'abc');
  const large = { streamAbove: 1000, maxBytes: 1024 ** 2 };

  it('[LNK-5] begins above its limit, announced or not, and waits for its taker', async () => {
    const origin = await serve((request, response) => {
      if (request.url === '/announced') response.writeHead(200, { 'content-length': body.length });
      response.write(body.subarray(0, 500));
      response.end(body.subarray(500));
    });
    for (const path of ['/announced', '/']) {
      const reply = await send(origin, { ...large, path });
      const chunks: Buffer[] = [];
      await reply.stream?.pipe(async (chunk) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        chunks.push(chunk);
      });
      expect(Buffer.concat(chunks).equals(body)).toBe(true);
      expect([reply.body.length, reply.stream?.length]).toEqual([0, path === '/' ? null : body.length]);
    }
    await expect(send(origin, { streamAbove: body.length, maxBytes: body.length })).resolves.toMatchObject({
      stream: null,
      body,
    });
  });

  it('ends with what broke it: the upstream, its size, its time, the caller or its taker', async () => {
    const origin = await serve((request, response) => {
      response.write(body);
      if (request.url === '/breaks') setTimeout(() => response.destroy(), 50);
    });
    const piped = async (more: Partial<ForwardRequest>, sink: () => void = () => undefined) => {
      const { stream: rest } = await send(origin, { ...large, ...more });
      if (!rest) throw new Error('no stream');
      return rest.pipe(sink);
    };
    await expect(piped({ path: '/breaks' })).rejects.toMatchObject({ code: 'UPSTREAM_REFUSED' });
    await expect(piped({ maxBytes: 200_000 })).rejects.toMatchObject({ code: 'UPSTREAM_TOO_LARGE' });
    await expect(piped({ timeoutMs: 150 })).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
    const gone = new AbortController();
    const left = piped({ signal: gone.signal }, () => gone.abort(new Error('client left')));
    await expect(left).rejects.toThrow('client left');
    const refusing = () => {
      throw new Error('of the sink');
    };
    await expect(piped({}, refusing)).rejects.toThrow('of the sink');
    const { stream: unread } = await send(origin, large);
    unread?.cancel(new Error('not wanted'));
    await expect(unread?.pipe(() => undefined)).rejects.toThrow('not wanted');
  });
});

describe('pools', () => {
  it('[LNK-14] of different keys share no connection, and one may have limits of its own', async () => {
    const waiting: (() => void)[] = [];
    const origin = await serve((request, response) => {
      if (request.url === '/slow') waiting.push(() => response.end());
      else response.end('quick');
    });
    const all = pools(1);
    const request = { method: 'GET', headers: {}, body: null, timeoutMs: 2000, maxBytes: 100 } as const;
    const busy = forward(all.for(origin, 'one'), { ...request, path: '/slow' });
    await expect.poll(() => waiting.length).toBe(1);
    await expect(forward(all.for(origin, 'two'), { ...request, path: '/' })).resolves.toMatchObject({ status: 200 });
    const queued = { ...request, path: '/', timeoutMs: 100 };
    await expect(forward(all.for(origin, 'one'), queued)).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
    const wide = { connections: null };
    const slow = Array.from({ length: 3 }, () => forward(all.for(origin, 'wide', wide), { ...request, path: '/slow' }));
    await expect.poll(() => waiting.length).toBe(4);
    for (const end of waiting) end();
    await Promise.all([busy, ...slow]);
    expect([all.size, all.for(origin, 'one') === all.for(origin, 'one')]).toEqual([3, true]);
  });
});
