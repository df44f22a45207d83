import { createServer, type AddressInfo, type Server } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterEach, describe, expect, it } from 'vitest';
import { createAddressGuard } from './create-address-guard.js';
import { createUpstreamPools } from './create-upstream-pools.js';
import { EventStreamParser } from './event-stream-parser.js';
import { forward } from './forward.js';

/** So many bytes, each in an HTTP chunk of its own: six bytes on the wire for one. */
const count = 600_000;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A server whose answer comes in chunks of one byte. */
async function tinyServer(): Promise<string> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n');
      socket.write('1\r\nx\r\n'.repeat(count));
      socket.write('0\r\n\r\n');
    });
  });
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  closers.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const call = async (streamAbove?: number) => {
  const origin = await tinyServer();
  const pools = createUpstreamPools({
    guard: createAddressGuard(['127.0.0.1']),
    connectTimeoutMs: 1000,
    connections: 1,
  });
  closers.push(() => pools.close());
  return forward(pools.for(origin), {
    ...{ path: '/', method: 'POST', headers: {}, body: 'hi', timeoutMs: 50_000, maxBytes: 16 * 1024 ** 2 },
    streamAbove,
  });
};

describe('an answer in chunks of one byte', () => {
  it('[LNK-18] takes the memory of its bytes, not of its chunks', async () => {
    const before = process.memoryUsage().heapUsed;
    const { body } = await call();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 ** 2);
    expect(body.length).toBe(count);
    expect(body.every((byte) => byte === 120)).toBe(true);
  });

  it('[LNK-18] does not hold the process up while nobody takes it, nor when it is taken', async () => {
    const delay = monitorEventLoopDelay({ resolution: 10 });
    delay.enable();
    const { stream } = await call(128 * 1024);
    expect(stream).not.toBeNull();
    let size = 0;
    await stream?.pipe((chunk) => {
      size += chunk.length;
    });
    delay.disable();
    expect(size).toBe(count);
    // It was half a minute when each chunk was moved once for every other.
    expect(delay.max / 1e6).toBeLessThan(1500);
  });
});

it('joins a line of an event stream from any number of pieces', () => {
  const parser = new EventStreamParser();
  const text = 'ab'.repeat(10_000);
  for (const piece of `data: ${text}`) parser.push(Buffer.from(piece));
  expect(parser.push(Buffer.from('\n\n'))).toEqual([{ event: 'message', data: text, id: null }]);
  expect(parser.pending).toBe(0);
});
