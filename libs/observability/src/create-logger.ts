import { pino, stdTimeFunctions, type Logger as PinoLogger } from 'pino';
import { LineOutput } from './line-output.js';
import { currentLogContext } from './log-context.js';
import type { LogFields, Logger, LogMethod } from './logger.js';
import { maskText } from './mask-text.js';
import { logFields } from './log-fields.js';
import { redactFields } from './redact-fields.js';

/** From most to least talkative; `silent` writes nothing. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** See {@link logLevels}. */
export type LogLevel = (typeof logLevels)[number];

/** Takes whole lines, each with its line feed. */
export interface LogDestination {
  write(line: string): void;
}

/** How a process logs. */
export interface LoggerOptions {
  readonly level: LogLevel;
  /** Which service writes, for example `gateway`. */
  readonly service: string;
  /** Default: standard output. */
  readonly destination?: LogDestination;
}

/** Names that the line itself uses; a field of that name gets a `_` behind it, so that it cannot forge the line. */
const reserved: ReadonlySet<string> = new Set(['level', 'time', 'pid', 'service', 'msg']);

/**
 * Creates the JSON logger of one service. A field shows only if `logFields` says that it is public, and no line holds a
 * credential, wherever it stands: see `redactFields` and `maskText`.
 */
export function createLogger(options: LoggerOptions): Logger {
  const settings = {
    level: options.level,
    base: { pid: process.pid, service: options.service },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    // Errors are spelled out, masked, before they reach pino.
    serializers: { err: (value: unknown) => value },
  };
  return wrap(pino(settings, options.destination ?? standardOutput()), {});
}

let output: LineOutput | null = null;

/** One for all loggers of the process, so that their lines do not mix; it writes its last lines at exit. */
function standardOutput(): LineOutput {
  if (output === null) {
    const opened = new LineOutput(1);
    process.once('exit', () => opened.flushSync());
    output = opened;
  }
  return output;
}

/** Writes one line, with its line feed, that another process of ours has made; it does not mix with our own. */
export const writeLogLine = (line: string): void => standardOutput().write(line);

function wrap(target: PinoLogger, bound: LogFields): Logger {
  const write =
    (level: Exclude<LogLevel, 'silent'>): LogMethod =>
    (fieldsOrMessage: LogFields | string, text?: string) => {
      if (!target.isLevelEnabled(level)) return;
      const [fields, message] =
        typeof fieldsOrMessage === 'string' ? [{}, fieldsOrMessage] : [fieldsOrMessage, text ?? ''];
      // Without pino's own children a name set twice would stand in the line twice.
      const line = redactFields({ ...currentLogContext(), ...bound, ...fields }, logFields);
      target[level](unreserved(line), maskText(message));
    };
  return {
    trace: write('trace'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    fatal: write('fatal'),
    isEnabled: (level) => target.isLevelEnabled(level),
    child: (fields) => wrap(target, { ...bound, ...fields }),
  };
}

const unreserved = (fields: LogFields): LogFields => {
  for (const name in fields) if (reserved.has(name)) return renamed(fields);
  return fields;
};

const renamed = (fields: LogFields): LogFields =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [reserved.has(name) ? `${name}_` : name, value]));
