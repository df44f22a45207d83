import type { OperationState } from '#contracts';
import { DomainError, type CallContext } from '#kernel';
import type { UnitOfWork, WriteTransaction } from '#persistence';

/** What a check or sync answers to whoever asked for it. */
export interface OperationResult {
  readonly state: Extract<OperationState, 'SUCCEEDED' | 'FAILED'>;
  readonly code: string | null;
  readonly message: string | null;
  readonly result: Readonly<Record<string, unknown>> | null;
}

/** The answer to an operation that worked. */
export const succeeded = (result: Readonly<Record<string, unknown>>): OperationResult => ({
  state: 'SUCCEEDED',
  code: null,
  message: null,
  result,
});

/** The answer to an operation that failed; an error that nobody can act on shows no detail. */
export function failed(error: unknown, result: Readonly<Record<string, unknown>> | null = null): OperationResult {
  const known = error instanceof DomainError;
  return {
    state: 'FAILED',
    code: known ? error.code : 'INTERNAL',
    message: known ? error.message : 'A fault of this program; its log names the cause under the same request id.',
    result,
  };
}

/** Says that the operation has begun. */
export async function startOperation(unit: UnitOfWork, ctx: CallContext, operationId: string): Promise<void> {
  await unit.write(ctx, { action: 'upstream-operation.start', subjectType: 'UpstreamOperation' }, async (tx) => {
    const row = await tx.upstreamOperations.find(operationId);
    if (row?.state === 'PENDING') row.state = 'RUNNING';
  });
}

/** Writes the answer of an operation; one that has been answered stays as it is, so a job may run twice. */
export async function finishOperation(
  tx: WriteTransaction,
  ctx: CallContext,
  operationId: string | null,
  result: OperationResult,
): Promise<void> {
  const row = operationId === null ? null : await tx.upstreamOperations.find(operationId);
  if (!row || row.finishedAt !== null) return;
  row.state = result.state;
  row.code = result.code;
  // PostgreSQL keeps no NUL; upstreams choose a part of this text.
  row.message = result.message?.replaceAll('\0', '\ufffd') ?? null;
  row.result = result.result && JSON.stringify(result.result);
  row.finishedAt = new Date(ctx.clock.now());
}
