import { CommanderError } from 'commander';
import { DomainError } from '#kernel';
import { CommandFailure, type Problem } from './command-failure.js';
import { exitCodes } from './exit-codes.js';
import type { Output } from './output.js';

/** Prints what went wrong, never a stack trace, and answers the exit code. Commander throws for help and version, too. */
export function reportFailure(error: unknown, out: Output): number {
  if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.ok;
  const { exitCode, problems } = toFailure(error);
  out.problems(problems);
  return exitCode;
}

function toFailure(error: unknown): { exitCode: number; problems: readonly Problem[] } {
  if (error instanceof CommandFailure) return error;
  if (error instanceof CommanderError) return { exitCode: exitCodes.usage, problems: usageProblems(error) };
  if (error instanceof DomainError) {
    const { code, message, field, answer } = error;
    return { exitCode: exitCodes.failed, problems: [{ code, message, field, remedy: answer.remedy }] };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { exitCode: exitCodes.failed, problems: [{ code: 'INTERNAL', message: `Fault of this program: ${message}` }] };
}

function usageProblems(error: CommanderError): Problem[] {
  // Without a command, commander has printed the whole help already.
  if (error.code === 'commander.help') return [];
  const message = error.message.replace(/^error: /, '');
  return [{ code: 'USAGE', message, remedy: 'Add --help to the command to see its arguments and options.' }];
}
