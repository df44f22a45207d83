import type { LogFields, Logger } from './logger.js';

/**
 * Gives Nest's own messages to our logger; pass it as `logger` when a container is created. Nest's chatter at start
 * (`log`) becomes `debug`: our services say themselves what an operator wants to know.
 */
export class NestLogger {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.#write('debug', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.#write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.#write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.#write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.#write('trace', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.#write('fatal', message, rest);
  }

  /** Nest's convention: the last text is the context; before it an error may have its stack; the rest is data. */
  #write(level: 'trace' | 'debug' | 'warn' | 'error' | 'fatal', message: unknown, rest: readonly unknown[]): void {
    const texts = rest.filter((item) => typeof item === 'string');
    const stack = texts.find(looksLikeStack);
    const context = texts.findLast((item) => item !== stack);
    const data = rest.filter((item) => item !== undefined && item !== stack && item !== context);
    const fields: LogFields = {
      ...(context === undefined ? {} : { context }),
      ...(stack === undefined ? {} : { stack }),
      ...(data.length === 0 ? {} : { data }),
    };
    if (message instanceof Error) this.#logger[level]({ ...fields, err: message }, message.message);
    else if (typeof message === 'object' && message !== null) this.#logger[level]({ ...fields, details: message }, '');
    else this.#logger[level](fields, String(message));
  }
}

const looksLikeStack = (text: string): boolean => /\n\s+at /.test(text);
