import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { parseBearer } from '#authn';
import { hashToken } from '#crypto';
import { sentOnce } from '../http/sent-once.js';

interface Known {
  readonly header: string;
  readonly tokenHash: string | null;
}

/** Connections repeat their credential with every request; the memory goes with the connection. */
const known = new WeakMap<Socket, Known>();

/** SHA-256 of the bearer token that a request was sent with; null without one. Two credentials are no credential. */
export function tokenHashOf(request: IncomingMessage): string | null {
  const header = sentOnce(request, 'authorization');
  if (header === null) return null;
  const last = known.get(request.socket);
  if (last?.header === header) return last.tokenHash;
  const token = parseBearer(header);
  const tokenHash = token === null ? null : hashToken(token);
  known.set(request.socket, { header, tokenHash });
  return tokenHash;
}
