import { randomFillSync, randomUUID } from 'node:crypto';

/** Random bytes are fetched some hundred keys at a time: asking costs more than getting. */
const pool = Buffer.alloc(2048);
let taken = pool.length;
/** Of a key: the counter's start (2 bytes), and what follows the version (8 bytes). */
const bytesPerKey = 10;
const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The key's time, and its text up to and with the version. */
let lastTime = -1;
let timeText = '';
let counter = 0;

const byteAt = (at: number): string => hex[pool[at] ?? 0] ?? '';

/** The variant and the 62 random bits behind it. */
function randomTail(at: number): string {
  const variant = hex[((pool[at] ?? 0) & 0x3f) | 0x80] ?? '';
  return `${variant}${byteAt(at + 1)}-${byteAt(at + 2)}${byteAt(at + 3)}${byteAt(at + 4)}${byteAt(at + 5)}${byteAt(at + 6)}${byteAt(at + 7)}`;
}

/**
 * A new primary key: UUIDv7 (RFC 9562 §5.7), so that keys sort by creation time. Within one millisecond of one process
 * the twelve bits behind the version count up (§6.2, method 1), so that rows made together keep their order.
 */
export function newId(): string {
  if (taken + bytesPerKey > pool.length) {
    randomFillSync(pool);
    taken = 0;
  }
  const at = taken;
  taken += bytesPerKey;
  const now = Date.now();
  if (now > lastTime) {
    lastTime = now;
    const time = now.toString(16).padStart(12, '0');
    timeText = `${time.slice(0, 8)}-${time.slice(8)}-7`;
    // Starting at random below half leaves room to count: 2,048 keys in a millisecond.
    counter = pool.readUInt16LE(at) & 0x7ff;
  } else if (++counter > 0xfff) {
    // More keys than the clock has milliseconds for, or a clock that was set back: time goes on by itself (§6.2).
    lastTime += 1;
    const time = lastTime.toString(16).padStart(12, '0');
    timeText = `${time.slice(0, 8)}-${time.slice(8)}-7`;
    counter = 0;
  }
  return `${timeText}${counter.toString(16).padStart(3, '0')}-${randomTail(at + 2)}`;
}

/** A correlation id for one request: random, carries no time. */
export const newRequestId = (): string => randomUUID();

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** True for the canonical text form of any UUID. */
export const isUuid = (text: string): boolean => uuidPattern.test(text);

/** The GraphQL id of a row: base64url of `Type:uuid` (ARCHITECTURE.md §4.11). */
export const encodeGlobalId = (type: string, uuid: string): string =>
  Buffer.from(`${type}:${uuid}`, 'utf8').toString('base64url');

/** The parts of a GraphQL id, or `null` for anything that `encodeGlobalId` would not have produced. */
export function decodeGlobalId(id: string): { type: string; uuid: string } | null {
  if (id.length > 200 || !/^[A-Za-z0-9_-]+$/.test(id)) return null;
  const [type, uuid, ...rest] = Buffer.from(id, 'base64url').toString('utf8').split(':');
  if (!type || !uuid || rest.length > 0 || !isUuid(uuid)) return null;
  return encodeGlobalId(type, uuid) === id ? { type, uuid: uuid.toLowerCase() } : null;
}
