import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { freePort, startOwnedProcess } from '#testing';
import { projectRoot } from '../project-files.js';
import { createWorkerBench, firstTry, type WorkerBench } from './worker-container.js';

const program = path.join(projectRoot, 'node_modules/.bin/mcp-server-everything');
const loopback = path.join(projectRoot, 'dist/apps/cli/src/demo/listen-on-loopback.js');

describe('the worker', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-commands-'));
  let bench: WorkerBench;
  let worker: Awaited<ReturnType<WorkerBench['processors']>>;

  beforeAll(async () => {
    const commands = path.join(folder, 'commands.json');
    writeFileSync(commands, JSON.stringify({ everything: { command: process.execPath, args: [program, 'stdio'] } }));
    bench = await createWorkerBench(inject('pgUrl'), {
      GATEHOUSE_STDIO_COMMANDS: commands,
      GATEHOUSE_OUTBOUND_PROBE_TIMEOUT: '20s',
    });
    worker = await bench.processors();
  });
  afterAll(async () => {
    await bench[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const run = async (queue: 'sync-catalog' | 'check-upstream-health', upstreamId: string) => {
    await worker.run[queue]({ organizationId: bench.organizationId, upstreamId, operationId: null }, firstTry());
    return bench.one(
      `select u.transport, u.era, u.protocol_version, u.health, u.health_code,
         (select count(*)::int from tools t where t.upstream_id = u.id and t.name = 'echo') as echoes
       from upstreams u where u.id = $1`,
      [upstreamId],
    );
  };

  it('[UPT-12] stores the transport that it found at an address, and its revision', async () => {
    const port = await freePort();
    const server = await startOwnedProcess(process.execPath, ['--import', loopback, program, 'sse'], {
      ready: `on port ${port}`,
      spawn: { env: { PATH: process.env['PATH'], PORT: String(port) } },
    });
    try {
      const id = await bench.addUpstream({ url: `http://127.0.0.1:${port}/sse` });
      const found = await run('sync-catalog', id);
      expect(found).toMatchObject({ transport: 'SSE', era: 'LEGACY', health: 'HEALTHY', echoes: 1 });
      const revision = await bench.revision();
      expect(await run('check-upstream-health', id)).toEqual(found);
      expect(await run('sync-catalog', id)).toEqual(found);
      expect(await bench.revision()).toBe(revision);
      expect(worker.added).toEqual([]);
    } finally {
      await server.stop('SIGKILL');
    }
  });

  it('[UPT-12] runs the command of a stdio upstream, and says so when the list holds it no more', async () => {
    const stdioUpstream = async (command: string) => {
      const id = await bench.addUpstream({ url: 'http://127.0.0.1:9/mcp' });
      await bench.sql.query("update upstreams set transport = 'STDIO', url = null, command = $2 where id = $1", [
        id,
        command,
      ]);
      return id;
    };
    expect(await run('sync-catalog', await stdioUpstream('everything'))).toMatchObject({
      ...{ transport: 'STDIO', era: 'LEGACY', health: 'HEALTHY', echoes: 1 },
    });
    expect(await run('sync-catalog', await stdioUpstream('gone'))).toMatchObject({
      ...{ transport: 'STDIO', health: 'UNHEALTHY', health_code: 'UPSTREAM_COMMAND_NOT_ALLOWED', echoes: 0 },
    });
  });

  it('[ASK-1] finds what a stdio upstream offers to some clients only, but for a process that all share', async () => {
    const id = await bench.addUpstream({ url: 'http://127.0.0.1:9/mcp' });
    const share = (shared: boolean) =>
      bench.sql.query(
        "update upstreams set transport = 'STDIO', url = null, command = 'everything', shared = $2 where id = $1",
        [id, shared],
      );
    const asking = async () => {
      const rows = await bench.sql.query<{ name: string; requires: string }>(
        `select name, required_client_capabilities as requires from tools
         where upstream_id = $1 and required_client_capabilities <> '[]'`,
        [id],
      );
      return Object.fromEntries(rows.map(({ name, requires }) => [name, JSON.parse(requires)]));
    };
    await share(false);
    await run('sync-catalog', id);
    expect(await asking()).toEqual({
      'get-roots-list': [['ROOTS']],
      'trigger-elicitation-request': [['ELICITATION_FORM'], ['ELICITATION_URL']],
      'trigger-sampling-request': [['SAMPLING']],
      'trigger-url-elicitation': [['ELICITATION_URL']],
    });
    await share(true);
    expect(await run('sync-catalog', id)).toMatchObject({ health: 'HEALTHY', echoes: 1 });
    expect(await asking()).toEqual({});
  });
});
