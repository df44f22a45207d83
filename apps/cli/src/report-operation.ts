import type { Operation } from './api/wait-for-operation.js';
import { CommandFailure } from './command-failure.js';
import { exitCodes } from './exit-codes.js';
import type { Output } from './output.js';

const verbs = { CHECK: 'Checked', SYNC: 'Read the catalogue of' } as const;

/** Prints what came of a check or sync. @throws CommandFailure when it failed or has not ended */
export function reportOperation(out: Output, slug: string, operation: Operation): void {
  const { kind, state, code, message, result } = operation;
  if (state === 'SUCCEEDED') {
    out.result(operation, `${verbs[kind]} ${slug}: ${describeResult(result)}.`);
    return;
  }
  if (out.json) out.result(operation, '');
  if (state === 'FAILED')
    throw new CommandFailure(exitCodes.failed, {
      code: code ?? 'FAILED',
      message: `${slug}: ${message ?? 'it failed.'}`,
    });
  throw new CommandFailure(exitCodes.failed, {
    code: 'PENDING',
    message: `${slug}: the worker has not answered yet.`,
    remedy: 'Check that a process with the worker service runs, then look at `gatehouse upstream list`.',
  });
}

/** The facts of a result in words: `tools 13, prompts 4`. */
function describeResult(result: unknown): string {
  if (typeof result !== 'object' || result === null) return 'ok';
  const facts = Object.entries(result).filter(([, value]) => ['string', 'number'].includes(typeof value));
  return facts.length > 0 ? facts.map(([name, value]) => `${name} ${String(value)}`).join(', ') : 'ok';
}
