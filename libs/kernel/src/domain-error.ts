import { errorCodes, type ErrorCode, type ErrorCodeEntry } from './error-codes.js';

/** What a {@link DomainError} may carry beside its message. Details reach the caller, so they hold no secret. */
export interface DomainErrorOptions {
  readonly cause?: unknown;
  /** The input field at fault, as the caller spelled its path. */
  readonly field?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  /** `false` leaves out where it was thrown: for refusals on a hot path, where noting that costs as much as the rest. */
  readonly trace?: boolean;
}

/** The one error class for failures that a caller can understand; everything else is a bug and answers INTERNAL. */
export class DomainError extends Error {
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: DomainErrorOptions = {}) {
    const { stackTraceLimit } = Error;
    if (options.trace === false) Error.stackTraceLimit = 0;
    super(message, { cause: options.cause });
    if (options.trace === false) Error.stackTraceLimit = stackTraceLimit;
    this.name = 'DomainError';
    this.code = code;
    this.field = options.field;
    this.details = options.details ?? {};
  }

  /** How this code is answered on each surface. */
  get answer(): ErrorCodeEntry {
    return errorCodes[this.code];
  }
}

/** NOT_FOUND with the one text that hidden and missing objects share. */
export const notFound = (type: string): DomainError => new DomainError('NOT_FOUND', `${type} not found.`);
