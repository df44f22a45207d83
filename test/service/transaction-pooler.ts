import { connect, createServer, type Socket } from 'node:net';

/** One message of the PostgreSQL protocol: a type letter (none in the start-up message), a length, a body. */
function takeMessage(buffer: Buffer, typed: boolean): { message: Buffer; rest: Buffer } | null {
  const header = typed ? 1 : 0;
  if (buffer.length < header + 4) return null;
  const end = header + buffer.readInt32BE(header);
  return buffer.length < end ? null : { message: buffer.subarray(0, end), rest: buffer.subarray(end) };
}

/** Calls `onMessage` for each whole message that arrives. */
function readMessages(
  socket: Socket,
  startsTyped: boolean,
  onMessage: (message: Buffer, typed: boolean) => void,
): void {
  let pending: Buffer = Buffer.alloc(0);
  let typed = startsTyped;
  socket.on('data', (data: Buffer) => {
    pending = Buffer.concat([pending, data]);
    for (let next = takeMessage(pending, typed); next; next = takeMessage(pending, typed)) {
      pending = next.rest;
      onMessage(next.message, typed);
      typed = true;
    }
  });
}

const message = (type: string, body: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
};
const authenticationOk = message('R', Buffer.alloc(4));
const readyForQuery = message('Z', Buffer.from('I'));

/** A connection to the server that serves one transaction at a time, of whichever client comes next. */
interface Backend {
  readonly socket: Socket;
  client: Socket | null;
}

/**
 * A pooler in transaction mode, as PgBouncer with `ignore_startup_parameters = options`: a client keeps a backend only
 * from its first statement to ReadyForQuery outside a transaction. For servers that trust; no TLS.
 */
export async function startTransactionPooler(server: {
  port: number;
  backends: number;
}): Promise<{ port: number; close(): void }> {
  const backends: Backend[] = [];
  const waiting: { client: Socket; data: Buffer }[] = [];
  const send = (client: Socket, data: Buffer): void => {
    const backend = backends.find((each) => each.client === client) ?? backends.find((each) => each.client === null);
    if (!backend) return void waiting.push({ client, data });
    backend.client = client;
    backend.socket.write(data);
  };
  for (let n = 0; n < server.backends; n++)
    backends.push(
      await openBackend(server.port, () => {
        const next = waiting.shift();
        if (next) send(next.client, next.data);
      }),
    );
  const listener = createServer((client) => {
    client.on('error', () => client.destroy());
    readMessages(client, false, (data, typed) => {
      if (!typed) client.write(Buffer.concat([authenticationOk, readyForQuery]));
      else if (data.toString('latin1', 0, 1) !== 'X') send(client, data);
    });
  });
  await new Promise<void>((resolve) => void listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as { port: number };
  return {
    port,
    close: () => {
      listener.close();
      for (const { socket } of backends) socket.destroy();
    },
  };
}

async function openBackend(port: number, onFree: () => void): Promise<Backend> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  const backend: Backend = { socket, client: null };
  const body = Buffer.concat([Buffer.from([0, 3, 0, 0]), Buffer.from('user\0postgres\0database\0postgres\0\0')]);
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  socket.write(Buffer.concat([length, body]));
  await new Promise<void>((resolve) => {
    readMessages(socket, true, (data) => {
      const idle = data.toString('latin1', 0, 1) === 'Z' && data.toString('latin1', 5, 6) === 'I';
      backend.client?.write(data);
      if (!idle) return;
      backend.client = null;
      resolve();
      onFree();
    });
  });
  return backend;
}
