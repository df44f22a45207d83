import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { until } from '#testing';
import { endpoint, legacy, startTestGateway, upstreamTarget } from './gateway-harness.js';

/** Answers with its process id, notes when it is asked to end, and does not. */
const program = `
const { writeFileSync } = require('node:fs');
const lines = require('node:readline').createInterface({ input: process.stdin });
const send = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n');
process.on('SIGTERM', () => writeFileSync(process.argv[2], String(Date.now())));
setInterval(() => {}, 1000);
lines.on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined || method === undefined) return;
  if (method === 'initialize')
    return send({ id, result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'p', version: '1' } } });
  send({ id, result: { content: [{ type: 'text', text: String(process.pid) }] } });
});
`;

const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('[LMT-8] the process of an upstream', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-stdio-settings-'));
  const script = path.join(folder, 'server.cjs');
  const commands = path.join(folder, 'commands.json');
  const asked = path.join(folder, 'asked');
  writeFileSync(script, program);
  writeFileSync(commands, JSON.stringify({ server: { command: process.execPath, args: [script, asked] } }));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is asked to end when no call came for as long as set, and killed when it has not after the time set', async () => {
    const idleMs = 400;
    const graceMs = 500;
    await using gateway = await startTestGateway({
      GATEHOUSE_STDIO_COMMANDS: commands,
      GATEHOUSE_STDIO_IDLE: `${idleMs}ms`,
      GATEHOUSE_STDIO_KILL_GRACE: `${graceMs}ms`,
    });
    const upstream = upstreamTarget('own', '', { transport: 'STDIO', url: null, command: 'server' });
    const tools = [{ definition: { name: 'pid', inputSchema: { type: 'object' } }, run: () => ({}) }];
    const catalogue = { tools, resources: [], resourceTemplates: null, prompts: [] };
    const aggregate = endpoint({ kind: 'aggregate', slug: null }, [{ upstream, catalogue, prefixed: false }]);
    const { token } = gateway.grant({ aggregate });
    const pid = async (): Promise<number> => {
      const { json } = await gateway.post('/mcp', token, legacy('tools/call', { name: 'pid', arguments: {} }));
      const result = json?.['result'] as { content: { text: string }[] } | undefined;
      return Number(result?.content[0]?.text);
    };
    const first = await pid();
    // Calls keep it.
    const began = Date.now();
    let last = began;
    while (last < began + 3 * idleMs) {
      last = Date.now();
      expect(await pid()).toBe(first);
    }
    await until('it is gone', () => !isThere(first), 15_000);
    const gone = Date.now();
    const askedAt = Number(readFileSync(asked, 'utf8'));
    // Timers may be a moment early; the defaults are five minutes and three seconds.
    expect(askedAt - last).toBeGreaterThan(idleMs - 50);
    expect(gone - askedAt).toBeGreaterThan(graceMs - 100);
    expect(gone - askedAt).toBeLessThan(2500);
    // The next call has a new one.
    const second = await pid();
    expect(second).not.toBe(first);
    expect(isThere(second)).toBe(true);
  });
});
