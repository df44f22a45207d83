import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLimits } from '../../apps/gateway/src/open-limits.js';
import { loadConfig } from '#config';
import { newId } from '#kernel';
import { createLogger, createMetrics } from '#observability';

// From the environment to what the limits of a gateway process do, without a store that answers.

const organizationId = newId();
const sockets = new Set<Socket>();
let silent: Server;
let url: string;
/** It does not even greet. */
let isMute = false;

/** What a Redis says to a client that connects. */
const greetings: Readonly<Record<string, string>> = {
  hello: '%1\r\n+server\r\n+redis\r\n',
  client: '+OK\r\n',
  info: '$15\r\nredis_version:7\r\n',
};

/** A Redis that greets its clients, and answers nothing else. */
const serve = (socket: Socket): void => {
  sockets.add(socket);
  socket.on('error', () => undefined);
  if (isMute) return;
  socket.on('data', (chunk) => {
    for (const command of String(chunk)
      .split(/\*\d+\r\n/)
      .slice(1)) {
      const greeting = greetings[command.split('\r\n')[1]?.toLowerCase() ?? ''];
      if (greeting !== undefined) socket.write(greeting);
    }
  });
};

beforeAll(async () => {
  silent = createServer(serve);
  await new Promise<void>((resolve) => void silent.listen(0, '127.0.0.1', resolve));
  url = `redis://127.0.0.1:${(silent.address() as AddressInfo).port}`;
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise<void>((resolve) => void silent.close(() => resolve()));
});

async function openWith(env: Record<string, string>) {
  const lines: string[] = [];
  const logger = createLogger({
    level: 'warn',
    service: 'gateway',
    destination: { write: (line) => void lines.push(line) },
  });
  const config = loadConfig({ REDIS_URL: url, ...env });
  const limits = await openLimits(
    config,
    { url: 'postgres://unused' },
    logger,
    createMetrics({ processMetrics: false }),
  );
  const take = async (key: string) => limits.take(key, organizationId, { perMinute: 1, burst: 1 }, 1);
  return { lines, take, [Symbol.asyncDispose]: () => limits.close() };
}

describe('limits of a process whose store is silent', () => {
  it('[LMT-9] keep a call waiting for as long as set, and then decide as set', async () => {
    const waits: number[] = [];
    for (const ms of [40, 700]) {
      await using limits = await openWith({
        GATEHOUSE_LIMITS_STORE_TIMEOUT: `${ms}ms`,
        GATEHOUSE_LIMITS_ON_STORE_DOWN: 'deny',
      });
      const began = performance.now();
      expect(await limits.take('a')).toMatchObject({ because: 'store-down' });
      waits.push(performance.now() - began);
      expect(limits.lines.join()).toContain(`no answer within ${ms} ms`);
    }
    const [short = 0, long = 0] = waits;
    expect(short).toBeGreaterThan(35);
    expect(long).toBeGreaterThan(690);
    expect(short).toBeLessThan(long);
  });

  it('[LMT-9] open nevertheless, also where it takes connections and says nothing at all', async () => {
    isMute = true;
    try {
      await using limits = await openWith({ GATEHOUSE_LIMITS_ON_STORE_DOWN: 'deny' });
      expect(await limits.take('a')).toMatchObject({ because: 'store-down' });
    } finally {
      isMute = false;
    }
  }, 20_000);

  it('[LMT-10] remember as many tokens as set: beyond, the least recently used are forgotten', async () => {
    const refusedOf = async (maxKeys: string) => {
      await using limits = await openWith({
        GATEHOUSE_LIMITS_STORE_TIMEOUT: '10ms',
        GATEHOUSE_LIMITS_ON_STORE_DOWN: 'allow',
        GATEHOUSE_LIMITS_MAX_KEYS: maxKeys,
      });
      const keys = Array.from({ length: 300 }, (_, index) => `token-${index}`);
      for (const key of keys) expect(await limits.take(key)).toBe(true);
      let refused = 0;
      for (const key of keys) if ((await limits.take(key)) !== true) refused++;
      return refused;
    };
    expect(await refusedOf('300')).toBe(300);
    expect(await refusedOf('100')).toBeLessThanOrEqual(100);
  });
});
