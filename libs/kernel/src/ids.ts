import { randomUUID, randomUUIDv7 } from 'node:crypto';

let last = '';

/**
 * A new primary key: UUIDv7 (RFC 9562 §5.7), so that keys sort by creation time. Within one millisecond of one process
 * the twelve bits behind the version count up (§6.2, method 1), so that rows made together keep their order.
 */
export function newId(): string {
  const fresh = randomUUIDv7();
  const sameTime = fresh.slice(0, 13) === last.slice(0, 13);
  // Starting at random below half leaves room to count: 2,048 keys in a millisecond.
  const counter = sameTime ? parseInt(last.slice(15, 18), 16) + 1 : parseInt(fresh.slice(15, 18), 16) & 0x7ff;
  if (counter > 0xfff) return fresh;
  last = `${fresh.slice(0, 15)}${counter.toString(16).padStart(3, '0')}${fresh.slice(18)}`;
  return last;
}

/** A correlation id for one request: random, carries no time. */
export const newRequestId = (): string => randomUUID();

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** True for the canonical text form of any UUID. */
export const isUuid = (text: string): boolean => uuidPattern.test(text);

/** The GraphQL id of a row: base64url of `Type:uuid` (architecture.md §4.11). */
export const encodeGlobalId = (type: string, uuid: string): string =>
  Buffer.from(`${type}:${uuid}`, 'utf8').toString('base64url');

/** The parts of a GraphQL id, or `null` for anything that `encodeGlobalId` would not have produced. */
export function decodeGlobalId(id: string): { type: string; uuid: string } | null {
  if (id.length > 200 || !/^[A-Za-z0-9_-]+$/.test(id)) return null;
  const [type, uuid, ...rest] = Buffer.from(id, 'base64url').toString('utf8').split(':');
  if (!type || !uuid || rest.length > 0 || !isUuid(uuid)) return null;
  return encodeGlobalId(type, uuid) === id ? { type, uuid: uuid.toLowerCase() } : null;
}
