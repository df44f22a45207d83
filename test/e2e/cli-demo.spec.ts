import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '#testing';
import { startCli, type Running } from './cli-process.js';

const ports = ['CONTROL_PLANE', 'GATEWAY', 'WORKER', 'METRICS'].map((name) => [`GATEHOUSE_${name}_PORT`, '0'] as const);
let dataDir: string;
const running = new Set<Running>();

beforeAll(() => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'gatehouse-demo-'));
});
afterAll(async () => {
  for (const { child, ended } of running) {
    child.kill('SIGTERM');
    await ended;
  }
  rmSync(dataDir, { recursive: true, force: true });
});

function demo(...args: string[]): Running {
  const started = startCli('demo/main.js', args, {
    env: { ...Object.fromEntries(ports), GATEHOUSE_DATA_DIR: dataDir },
  });
  running.add(started);
  void started.ended.then(() => running.delete(started));
  return started;
}

/** Waits until the demo has told its story; fails with its words when it ends before. */
function upToTheEnd({ output, ended }: Running): Promise<void> {
  const early = ended.then(({ code, stderr }) => Promise.reject(new Error(`the demo ended with ${code}:\n${stderr}`)));
  const told = until('the demo has told its story', () => output.stdout.includes('Stop it with Ctrl-C.'), 50_000);
  return Promise.race([told, early]);
}

/** The addresses that the demo printed: its MCP server and its virtual server. */
function addresses({ output }: Running): { upstream: URL; gateway: URL } {
  const [, upstream = ''] = /^ {3}(http\S+)$/m.exec(output.stdout) ?? [];
  const [, gateway = ''] = /^ {2}Virtual server {2}(http\S+)$/m.exec(output.stdout) ?? [];
  return { upstream: new URL(upstream), gateway: new URL(gateway) };
}

const answers = (host: string, port: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: 2_000 });
    const finish = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
    socket.once('timeout', () => finish(false));
  });

async function expectAllGone({ upstream, gateway }: ReturnType<typeof addresses>): Promise<void> {
  for (const { hostname, port } of [upstream, gateway])
    await until(`nothing listens on ${port}`, async () => !(await answers(hostname, port)));
}

describe('the demo', () => {
  it('--once shows one allowed and one denied call with their audit rows, and ends with 0 [DEMO-1]', async () => {
    const { code, stdout, stderr } = await demo('--once').ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('"name":"everything__echo","arguments":{"message":"Hello from Alice"}');
    expect(stdout).toContain(
      '← HTTP 200\n    {"result":{"content":[{"type":"text","text":"Echo: Hello from Alice"}]}}',
    );
    expect(stdout).toMatch(/← HTTP 404\n {4}\{"error":\{"code":-32602,/);
    expect(stdout).toMatch(/alice@\S+ +tools\/call +ALLOWED/);
    expect(stdout).toMatch(/bob@\S+ +tools\/call +DENIED +NOT_FOUND/);
    expect(stdout).toMatch(/BECOME THE ADMINISTRATOR[\s\S]*\/auth\/setup#\S+/);
    expect(stdout).toContain('claude mcp add --transport http gatehouse-demo');
  });

  it('runs again on the same data, listens on loopback only, and Ctrl-C stops everything [DEMO-1]', async () => {
    const started = demo();
    await upToTheEnd(started);
    const where = addresses(started);
    const foreign = Object.values(networkInterfaces())
      .flat()
      .find((one) => one?.family === 'IPv4' && !one.internal);
    if (foreign) expect(await answers(foreign.address, where.upstream.port)).toBe(false);
    expect(await answers('127.0.0.1', where.upstream.port)).toBe(true);
    started.child.kill('SIGINT');
    expect((await started.ended).code).toBe(0);
    await expectAllGone(where);
  });

  it('leaves no program behind when it is killed [DEMO-1]', async () => {
    const started = demo();
    await upToTheEnd(started);
    const where = addresses(started);
    started.child.kill('SIGKILL');
    await started.ended;
    await expectAllGone(where);
  });

  it('says what is wrong when the server does not start, and ends with 1', async () => {
    const env = { GATEHOUSE_DATA_DIR: dataDir, GATEHOUSE_GATEWAY_PORTS: '1' };
    const { code, stderr } = await startCli('demo/main.js', ['--once'], { env }).ended;
    expect(code).toBe(1);
    expect(stderr).toContain('GATEHOUSE_GATEWAY_PORTS is not a setting; did you mean GATEHOUSE_GATEWAY_PORT?');
  });
});
