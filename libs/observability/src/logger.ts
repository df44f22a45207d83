/** Structured data of a log line. Values under credential names are replaced; an error goes under `err`. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes one line: a message, or fields and a message. There are no `%s` placeholders: data goes into fields. */
export interface LogMethod {
  (message: string): void;
  (fields: LogFields, message: string): void;
}

/** The logger that everything takes. Lines are JSON with ISO time, level, service, the log context and the fields. */
export interface Logger {
  readonly trace: LogMethod;
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
  readonly fatal: LogMethod;
  /** Whether lines of a level are written at all, for callers whose fields cost something to put together. */
  isEnabled(level: 'trace' | 'debug'): boolean;
  /** A logger whose lines all carry these fields, too. */
  child(fields: LogFields): Logger;
}
