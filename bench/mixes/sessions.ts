import { connect, type Socket } from 'node:net';
import { headerOf, HttpConnection } from '../load/http-connection.js';
import { residentBytes } from '../measure/cpu-time.js';
import type { Server } from '../world/gateway.js';
import { exactly, mixResult, type Bench, type MixResult, type Ratio } from './mix.js';

/** Begun before the first look: what the first sessions cost once (compiled code, caches) is not theirs. */
const warmSessions = { short: 500, full: 2000 };
const atOnce = 16;

/** Begins sessions like legacy clients do, and leaves them open. @returns their ids; null where the server gives none */
async function openSessions(url: string, token: string, count: number): Promise<(string | null)[]> {
  const { host, pathname, port } = new URL(url);
  const ids: (string | null)[] = [];
  const post = async (connection: HttpConnection, message: object, id: string | null) => {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    const session = id === null ? '' : `mcp-session-id: ${id}\r\n`;
    return connection.request(
      `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\n` +
        `accept: application/json, text/event-stream\r\n${session}content-length: ${body.length}\r\n\r\n${body}`,
    );
  };
  const client = async (): Promise<void> => {
    const connection = new HttpConnection(Number(port));
    for (let left = Math.ceil(count / atOnce); left > 0; left -= 1) {
      const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } };
      const { head, status, body } = await post(connection, { id: 1, method: 'initialize', params }, null);
      if (status !== 200) throw new Error(`initialize was answered ${status}: ${body.toString().slice(0, 200)}`);
      const id = headerOf(head, 'mcp-session-id');
      await post(connection, { method: 'notifications/initialized' }, id);
      ids.push(id);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: atOnce }, client));
  return ids;
}

/** Opens the GET stream of a session and waits for its headers. */
const openStream = (url: string, token: string, id: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const { host, pathname, port } = new URL(url);
    const socket = connect(Number(port), '127.0.0.1', () =>
      socket.write(
        `GET ${pathname} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${token}\r\naccept: text/event-stream\r\nmcp-session-id: ${id}\r\n\r\n`,
      ),
    );
    socket.once('data', (chunk) => {
      if (chunk.toString('latin1').startsWith('HTTP/1.1 200')) resolve(socket);
      else reject(new Error(`GET was answered ${chunk.toString('latin1').slice(0, 200)}`));
    });
    socket.once('error', reject);
  });

interface Memory {
  readonly heapUsed: number;
  readonly external: number;
  readonly arrayBuffers: number;
}

async function memoryOf(server: Server): Promise<number> {
  const { heapUsed, external } = (await server.ask('memory')) as Memory;
  return heapUsed + external;
}

/**
 * Mix F: what an idle session of a legacy client keeps in memory, as the slope of the live heap (garbage collected
 * before each look), and of the resident memory, which moves in larger steps.
 */
export async function mixF(bench: Bench): Promise<MixResult> {
  const { options, world } = bench;
  const count = options.short ? 1000 : 10_000;
  const streams = options.short ? 100 : 1000;
  const server = await world.startGateway({ preload: ['probe.mjs'] });
  try {
    const url = `${server.gateway}/mcp`;
    await openSessions(url, world.token, options.short ? warmSessions.short : warmSessions.full);
    const before = await memoryOf(server);
    const residentBefore = residentBytes(server.pids);
    const ids = await openSessions(url, world.token, count);
    const after = await memoryOf(server);
    const resident = residentBytes(server.pids);
    const sessions = ids.flatMap((id) => (id === null ? [] : [id]));
    if (sessions.length === 0) return mixResult('F', 'idle sessions', [], [], ['The gateway gave no sessions.']);
    const kib = (bytes: number, by: number): number => bytes / 1024 / by;
    const ratios: Ratio[] = [
      {
        name: `live heap per idle legacy session (${sessions.length} sessions)`,
        value: exactly(kib(after - before, sessions.length)),
        goal: { atMost: 5 },
        unit: 'KB',
      },
      {
        name: 'resident memory per idle legacy session',
        value: exactly(kib(resident - residentBefore, sessions.length)),
        goal: null,
        unit: 'KB',
      },
    ];
    const open: Socket[] = [];
    for (const id of sessions.slice(0, streams)) open.push(await openStream(url, world.token, id));
    const streaming = await memoryOf(server);
    ratios.push({
      name: `live heap per open stream (${open.length} streams), beside its session`,
      value: exactly(kib(streaming - after, open.length)),
      goal: { atMost: 30 },
      unit: 'KB',
    });
    for (const socket of open) socket.destroy();
    return mixResult('F', 'idle sessions', [], ratios);
  } finally {
    await server.stop();
  }
}
