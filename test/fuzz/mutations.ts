import type { Random } from './random.js';

type Json = Record<string, unknown>;

const odd = (random: Random): unknown =>
  random.pick<() => unknown>([
    () => null,
    () => true,
    () => -0,
    () => 1e308,
    () => 2 ** 53,
    () => '',
    () => [],
    () => ({}),
    () => random.text(20),
    () => 'x'.repeat(random.below(100_000)),
    () => nested(random.below(300)),
    () => Array.from({ length: random.below(300) }, () => ({})),
    () => Object.fromEntries(Array.from({ length: random.below(300) }, (_, index) => [`k${index}`, index])),
  ])();

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/** Also where the key is `__proto__`, which an assignment would not make a member. */
const put = (object: Json, key: string, value: unknown): void =>
  void Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });

/** The value with one of its parts replaced, removed, added or copied elsewhere. */
export function mutate(random: Random, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || random.chance(0.15)) return odd(random);
  const copy = (Array.isArray(value) ? Array.from(value as unknown[]) : { ...value }) as Json;
  const keys = Object.keys(copy);
  const key = keys.length > 0 ? random.pick(keys) : 'x';
  const how = random.below(10);
  if (how < 5 && keys.length > 0) put(copy, key, mutate(random, copy[key]));
  else if (how < 6) delete copy[key];
  else if (how < 7)
    put(
      copy,
      random.pick(['extra', 'constructor', 'jsonrpc', 'method', 'id', 'result', 'error', 'params', '_meta']),
      odd(random),
    );
  else if (how < 8) put(copy, key, odd(random));
  else if (how < 9) put(copy, key, value);
  else put(copy, random.text(5), copy[key]);
  return copy;
}

/** The bytes of a body, now and then broken: bits, cuts, doubled keys, ill-formed UTF-8, odd ends. */
export function damage(random: Random, text: string): Buffer {
  const bytes = Buffer.from(text);
  const at = random.below(Math.max(1, bytes.length));
  const insert = (what: Buffer | string): Buffer =>
    Buffer.concat([bytes.subarray(0, at), Buffer.from(what), bytes.subarray(at)]);
  switch (random.below(9)) {
    case 0:
      if (bytes.length > 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      return bytes;
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return insert(Buffer.from([random.pick([0x80, 0xc0, 0xff, 0xed, 0x00, 0xfe])]));
    case 3:
      return Buffer.from(
        text.replace('{', random.pick(['{"id":1,', '{"method":"ping",', '{"__proto__":{},', '{"jsonrpc":"2.0",'])),
      );
    case 4:
      return Buffer.from(text + random.pick(['{}', ',', ']', '\u0000', ' ', text]));
    case 5:
      return insert(
        random.pick(['"', '\\', '{', '}', '[', ']', ',', ':', '1e999', '\\ud800', '\\u0000', '\ufeff', '//', 'NaN']),
      );
    case 6:
      return Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]);
    case 7:
      return Buffer.from(text, 'utf16le');
    default:
      return Buffer.alloc(0);
  }
}
