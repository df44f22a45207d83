import { z } from 'zod';

/** One declared setting: its environment name, its shape and the text that docs/configuration.md prints. */
export interface Setting<S extends z.ZodType = z.ZodType> {
  readonly env: string;
  readonly schema: S;
  /** The raw text used when the variable is absent; `undefined` means "not set" and the schema must accept that. */
  readonly defaultText: string | undefined;
  readonly description: string;
  /** Secrets also take `<NAME>_FILE` and are never printed. */
  readonly secret: boolean;
}

/** A group of settings that one concern owns. */
export interface Concern<T extends Record<string, Setting> = Record<string, Setting>> {
  readonly title: string;
  readonly settings: T;
}

/** Declares one setting. `env` follows `GATEHOUSE_<CONCERN>_<NAME>` (ARCHITECTURE.md §4.12). */
export const setting = <S extends z.ZodType>(options: {
  env: string;
  schema: S;
  default?: string;
  description: string;
  secret?: boolean;
}): Setting<S> => ({
  env: options.env,
  schema: options.schema,
  defaultText: options.default,
  description: options.description,
  secret: options.secret ?? false,
});

/** Declares a concern. */
export const concern = <T extends Record<string, Setting>>(title: string, settings: T): Concern<T> => ({
  title,
  settings,
});

const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const byteUnits: Record<string, number> = { b: 1, kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3 };

const quantity = (table: Record<string, number>, what: string, min: number, max: number, show: (n: number) => string) =>
  z.string().transform((text, context) => {
    const match = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/i.exec(text.trim());
    const factor = match ? table[(match[2] ?? '').toLowerCase()] : undefined;
    if (!match || factor === undefined) {
      context.addIssue(`must be a number with a unit (${Object.keys(table).join(', ')}), for example ${what}`);
      return z.NEVER;
    }
    const value = Math.round(Number(match[1]) * factor);
    if (value < min || value > max) {
      context.addIssue(`must lie between ${show(min)} and ${show(max)}`);
      return z.NEVER;
    }
    return value;
  });

/** A duration such as `500ms`, `30s`, `5m`, `12h`, `7d`; the value is in milliseconds. */
export const duration = (min: number, max: number) => quantity(units, '30s', min, max, (n) => `${n}ms`);

/** A size such as `64KiB` or `1MiB`; the value is in bytes. */
export const bytes = (min: number, max: number) => quantity(byteUnits, '1MiB', min, max, (n) => `${n}B`);

/** A whole number between two bounds. */
export const int = (min: number, max: number) =>
  z
    .string()
    .regex(/^-?\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));

/** `true` or `false`. */
export const bool = () => z.enum(['true', 'false'], 'must be true or false').transform((text) => text === 'true');

/** A comma-separated list; empty text is the empty list. */
export const list = <S extends z.ZodType<unknown, string>>(item: S) =>
  z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part.length > 0),
    )
    .pipe(z.array(item));

/** An origin: scheme, host and port of an http(s) URL, without path or trailing slash. */
export const origin = () =>
  z.string().transform((text, context) => {
    const url = URL.canParse(text) ? new URL(text) : null;
    if (!url || !['http:', 'https:'].includes(url.protocol) || url.pathname !== '/' || url.search || url.hash) {
      context.addIssue('must be an origin such as https://mcp.example.com (no path, no trailing text)');
      return z.NEVER;
    }
    return url.origin;
  });

/** Any text of at least one character. */
export const text = () => z.string().min(1, 'must not be empty');
