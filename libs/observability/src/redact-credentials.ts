import { maskText, redacted } from './mask-text.js';

const maxDepth = 8;
const maxEntries = 200;
/** Values visited in one record, so that a wide or cyclic graph costs a bounded time. */
const maxValues = 2000;

// Matched on the name without `-` and `_`, at its end: `authorization`, `set-cookie`, `client_secret`, `mcp-session-id`.
const credentialName =
  /(?:password|passwordhash|passwd|passphrase|secret|token|tokenhash|authorization|authenticate|cookie|apikey|privatekey|masterkey|credential|csrf|sessionid|setuplink|rawheaders)s?$|^(?:pwd|pass|jwt)$/;

/** True for a field name under which credentials travel, in any spelling. */
const isCredentialName = (name: string): boolean =>
  name.length <= 200 && credentialName.test(name.toLowerCase().replace(/[-_\s.]/g, ''));

interface Budget {
  values: number;
}

/**
 * A copy for a log line: values under credential names replaced at any depth, text masked, errors spelled out, binary
 * data counted. Deeper than 8, wider than 200 or more than 2000 values are cut. Never throws.
 */
export function redactCredentials(value: unknown): unknown {
  return copy(value, 0, { values: 0 });
}

function copy(value: unknown, depth: number, budget: Budget): unknown {
  budget.values += 1;
  if (typeof value === 'string') return maskText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= maxDepth || budget.values > maxValues) return '[cut]';
  try {
    return copyObject(value, depth, budget);
  } catch {
    // A getter or proxy that throws must not take the log line with it.
    return '[unreadable]';
  }
}

function copyObject(value: object, depth: number, budget: Budget): unknown {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof URL || value instanceof RegExp) return maskText(String(value));
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Error) return copyError(value, depth, budget);
  if (Array.isArray(value)) return copyArray(value, depth, budget);
  if (value instanceof Map)
    return copyEntries(
      [...value].map(([k, v]) => [String(k), v]),
      depth,
      budget,
    );
  if (value instanceof Set) return copyArray([...value], depth, budget);
  return copyEntries(Object.entries(value), depth, budget);
}

function copyArray(value: readonly unknown[], depth: number, budget: Budget): unknown {
  const shown = value.slice(0, maxEntries).map((item, index) => {
    const before = value[index - 1];
    // Headers as pairs or as a flat list: `['cookie', '…', 'x-api-key', '…']`.
    const named = typeof item === 'string' && typeof before === 'string' && isCredentialName(before);
    return named ? redacted : copy(item, depth + 1, budget);
  });
  return value.length > maxEntries ? [...shown, `[${value.length - maxEntries} more]`] : shown;
}

function copyEntries(entries: readonly (readonly [string, unknown])[], depth: number, budget: Budget): unknown {
  const shown = entries
    .slice(0, maxEntries)
    .map(([name, item]) => [maskText(name), hide(name, item) ? redacted : copy(item, depth + 1, budget)]);
  if (entries.length > maxEntries) shown.push(['[more]', entries.length - maxEntries]);
  return Object.fromEntries(shown);
}

/** Absent and yes/no values under a credential name say something useful and nothing secret. */
const hide = (name: string, value: unknown): boolean =>
  value !== null && value !== undefined && typeof value !== 'boolean' && isCredentialName(name);

function copyError(error: Error, depth: number, budget: Budget): unknown {
  const own = Object.entries(error).filter(([name]) => !['name', 'message', 'stack', 'cause'].includes(name));
  const rest = copyEntries(own, depth, budget) as Record<string, unknown>;
  return {
    type: error.name,
    message: maskText(error.message),
    ...rest,
    ...(error.cause === undefined ? {} : { cause: copy(error.cause, depth + 1, budget) }),
    ...(error.stack === undefined ? {} : { stack: maskText(error.stack) }),
  };
}
