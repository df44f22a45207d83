import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import type { Random } from './random.js';
import type { FuzzRequest } from './requests.js';

/** What came back. */
export interface FuzzAnswer {
  /** 0: no answer, the connection was closed. */
  readonly status: number;
  readonly contentType: string;
  readonly session: string | undefined;
  readonly text: string;
  /** Whether `text` is everything that was said. */
  readonly whole: boolean;
}

/** How long a stream is listened to; what it says later is not waited for. */
const streamMs = 150;
const patienceMs = 15_000;

export const newAgent = (connections: number): Agent => new Agent({ keepAlive: true, maxSockets: connections });

/** Sends a request through Node's client, and reads the answer, of a stream its beginning. */
export const send = (agent: Agent, port: number, { method, path, headers, body }: FuzzRequest): Promise<FuzzAnswer> =>
  new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers: { ...headers }, agent }, (response) => {
      const { headers: got, statusCode = 0 } = response;
      const chunks: Buffer[] = [];
      const contentType = got['content-type'] ?? '';
      let whole = false;
      const done = () => {
        clearTimeout(streaming);
        clearTimeout(late);
        const session = got['mcp-session-id'];
        const text = Buffer.concat(chunks).toString();
        resolve({
          ...{ status: statusCode, contentType, text, whole },
          session: typeof session === 'string' ? session : undefined,
        });
      };
      const streaming = contentType.startsWith('text/event-stream')
        ? setTimeout(() => sent.destroy(), streamMs)
        : undefined;
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () => (whole = true));
      response.once('error', () => undefined);
      response.once('close', done);
    });
    const late = setTimeout(() => sent.destroy(new Error(`no answer within ${patienceMs} ms`)), patienceMs);
    sent.once('error', (error) => {
      clearTimeout(late);
      reject(error);
    });
    sent.end(body);
  });

/** Writes the bytes of a request over a connection of its own, damaged as `raw` says, and reads until it is closed. */
export const sendRaw = (random: Random, port: number, fuzz: FuzzRequest): Promise<FuzzAnswer[]> =>
  new Promise((resolve) => {
    const lines = Object.entries({ host: `127.0.0.1:${port}`, ...fuzz.headers }).flatMap(([name, value]) =>
      [value].flat().map((one) => `${name}: ${one}\r\n`),
    );
    const length = random.chance(0.9) ? fuzz.body.length : random.below(100);
    const head = `${fuzz.method} ${fuzz.path} HTTP/1.1\r\n${lines.join('')}content-length: ${length}\r\n`;
    const close = fuzz.raw === 'pipelined' ? '' : 'connection: close\r\n';
    let bytes = Buffer.concat([Buffer.from(`${head}${close}\r\n`, 'latin1'), fuzz.body]);
    if (fuzz.raw === 'truncated') bytes = bytes.subarray(0, random.below(bytes.length));
    if (fuzz.raw === 'pipelined') bytes = Buffer.concat([bytes, bytes, bytes]);
    if (random.chance(0.3) && bytes.length > 0) {
      const at = random.below(bytes.length);
      bytes[at] = random.below(256);
    }
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(bytes);
      if (fuzz.raw === 'truncated') socket.end();
    });
    const late = setTimeout(() => socket.destroy(), 300);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearTimeout(late);
      const text = Buffer.concat(chunks).toString('latin1');
      const statuses = [...text.matchAll(/(?:^|\n|\}|\])HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
      const none = { contentType: '', session: undefined, whole: false };
      resolve(statuses.map((status) => Object.assign({ status, text: status >= 500 ? text : '' }, none)));
    });
  });
