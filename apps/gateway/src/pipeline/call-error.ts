import { DomainError, type DomainErrorOptions, type ErrorCode } from '#kernel';

/** How an error is told over HTTP where the registry's own status does not fit. */
export interface HttpTelling extends DomainErrorOptions {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An error of a call with its own HTTP status or headers. */
export class CallError extends DomainError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, message: string, telling: HttpTelling) {
    super(code, message, { ...telling, trace: false });
    this.name = 'CallError';
    this.status = telling.status;
    this.headers = telling.headers ?? {};
  }
}

/** Why a credential was refused, in the words of the audit log and the metrics. */
export type CredentialProblem = 'no-credential' | 'invalid-token' | 'expired-token' | 'insufficient-scope';

/** A refused credential; the answer to it carries a challenge (RFC 6750 §3, RFC 9728 §5.1). */
export class CredentialError extends DomainError {
  constructor(
    readonly problem: CredentialProblem,
    code: 'UNAUTHENTICATED' | 'FORBIDDEN',
    message: string,
  ) {
    super(code, message, { trace: false });
    this.name = 'CredentialError';
  }
}

/** An unknown name, told in-band; hidden and missing have this one text. */
export const unknownObject = (what: string, name: string, details: Record<string, unknown> = {}): CallError =>
  new CallError('NOT_FOUND', `Unknown ${what}: ${name.slice(0, 200)}`, { status: 200, details });

/** A malformed parameter, told in-band. */
export const invalidParams = (problem: string): CallError =>
  new CallError('BAD_USER_INPUT', `Invalid params: ${problem}.`, { status: 200 });

/** The client is gone, so nobody hears the answer; a modern client cancels this way (2026-07-28, Cancellation). */
export class ClientGone extends Error {
  constructor(message = 'The client closed the connection before the answer.') {
    super(message);
    this.name = 'ClientGone';
  }
}

/** The client wants no answer any more, and gets none (2025-11-25, Cancellation). */
export class CallCancelled extends ClientGone {
  constructor(message = 'The client cancelled the request.') {
    super(message);
    this.name = 'CallCancelled';
  }
}
