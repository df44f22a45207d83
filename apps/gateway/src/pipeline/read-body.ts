import type { IncomingMessage } from 'node:http';
import { BytePile } from '#kernel';
import { CallError, ClientGone } from './call-error.js';

/** A body that is too large is read on and thrown away up to here, so that its sender is there to read the refusal. */
const maxDiscarded = 32 * 1024 * 1024;

const tooLarge = (maxBytes: number) =>
  new CallError(
    'PAYLOAD_TOO_LARGE',
    `The body is larger than ${maxBytes} bytes. Send less, or raise GATEHOUSE_MCP_MAX_BODY.`,
    { status: 413, headers: { connection: 'close' } },
  );

/** Reads a request body; PAYLOAD_TOO_LARGE when it has more than `maxBytes`. The server's own timeout bounds the time. */
export const readBody = (request: IncomingMessage, maxBytes: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    // Whoever has gone already will not go again.
    if (request.destroyed) {
      reject(new ClientGone());
      return;
    }
    const pile = new BytePile();
    let size = 0;
    if (Number(request.headers['content-length'] ?? 0) > maxDiscarded) {
      reject(tooLarge(maxBytes));
      return;
    }
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) pile.push(chunk);
      else pile.clear();
      if (size > maxDiscarded) reject(tooLarge(maxBytes));
    });
    // Each listener hears of one end only; `once` would make an object for each to take it off again.
    request.on('end', () => {
      if (size > maxBytes) reject(tooLarge(maxBytes));
      else resolve(pile.take());
    });
    // An incoming message fails for one reason only: its connection broke.
    request.on('error', () => reject(new ClientGone()));
    // After the end it is the usual course of things, and making an error costs more than reading the body.
    request.on('close', () => {
      if (!request.complete) reject(new ClientGone());
    });
  });
