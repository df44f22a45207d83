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
    for (const warning of warningsOf(result)) out.note(`warning: ${warning}`);
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

/** What the worker counted for one kind of object when it read a catalogue. */
interface Counts {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  readonly unchanged: number;
}

const isCounts = (value: unknown): value is Counts =>
  typeof value === 'object' && value !== null && 'unchanged' in value;

const words = (key: string): string => key.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** The facts of a result in words: `13 tools (2 added), 4 prompts`, or `era LEGACY, latency ms 8`. */
function describeResult(result: unknown): string {
  if (typeof result !== 'object' || result === null) return 'ok';
  const facts = Object.entries(result).flatMap(([key, value]) => {
    if (isCounts(value)) return [describeCounts(words(key), value)];
    return key !== 'upstream' && ['string', 'number'].includes(typeof value) ? [`${words(key)} ${String(value)}`] : [];
  });
  return facts.length > 0 ? facts.join(', ') : 'ok';
}

function describeCounts(kind: string, { added, changed, removed, unchanged }: Counts): string {
  const changes = Object.entries({ added, changed, removed }).filter(([, count]) => count > 0);
  const details = changes.map(([what, count]) => `${count} ${what}`).join(', ');
  return `${added + changed + unchanged} ${kind}${details ? ` (${details})` : ''}`;
}

function warningsOf(result: unknown): string[] {
  const warnings = typeof result === 'object' && result !== null && 'warnings' in result ? result.warnings : [];
  return Array.isArray(warnings) ? warnings.map(String) : [];
}
