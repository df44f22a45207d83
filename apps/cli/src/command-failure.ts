import { exitCodes, type ExitCode } from './exit-codes.js';

/** One thing that went wrong, in words for the person at the terminal. */
export interface Problem {
  /** Code of docs/errors.md, or USAGE for a mistake on the command line. */
  readonly code: string;
  /** Names the field and what is wrong with it. */
  readonly message: string;
  /** The input field or option at fault, where there is one. */
  readonly field?: string | undefined;
  /** What to do about it. */
  readonly remedy?: string | undefined;
}

/** Ends a command with an exit code and the problems to print; everything else that is thrown is a bug. */
export class CommandFailure extends Error {
  readonly problems: readonly Problem[];

  constructor(
    readonly exitCode: ExitCode,
    problems: Problem | readonly Problem[],
    cause?: unknown,
  ) {
    const list = [problems].flat() as readonly Problem[];
    super(list[0]?.message ?? 'The command failed.', { cause });
    this.name = 'CommandFailure';
    this.problems = list;
  }
}

/** A mistake on the command line: exit code 2. */
export const usage = (message: string, remedy?: string): CommandFailure =>
  new CommandFailure(exitCodes.usage, { code: 'USAGE', message, remedy });

/** The command was understood and did not work: exit code 1. */
export const failed = (message: string, remedy?: string): CommandFailure =>
  new CommandFailure(exitCodes.failed, { code: 'FAILED', message, remedy });
