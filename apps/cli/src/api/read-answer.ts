import { errorCodes, type ErrorCode } from '#kernel';
import { CommandFailure, type Problem } from '../command-failure.js';
import { exitCodes, type ExitCode } from '../exit-codes.js';

/** An expected failure of a mutation. */
export interface UserError {
  readonly field: string | null;
  readonly code: string;
  readonly message: string;
}

interface GraphqlError {
  readonly message: string;
  readonly extensions?: {
    readonly code?: string;
    readonly reason?: string;
    readonly field?: string;
    readonly correlationId?: string;
  };
}

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly GraphqlError[];
}

/** The data of a GraphQL answer. @throws CommandFailure with the exit code that the errors stand for */
export function readAnswer(url: string, status: number, text: string): unknown {
  const answer = parseAnswer(text);
  const errors = answer?.errors ?? [];
  if (errors.length > 0) throw new CommandFailure(exitCodeOf(errors), errors.map(toProblem));
  if (answer?.data !== undefined && answer.data !== null) return answer.data;
  throw new CommandFailure(exitCodes.unreachable, {
    code: 'UNREACHABLE',
    message: `What answers at ${url} (HTTP ${status}) is not a Gatehouse control plane.`,
    remedy: 'The control plane listens on port 4000 by default, the gateway on 4100. Correct --url or GATEHOUSE_URL.',
  });
}

function parseAnswer(text: string): Answer | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : null;
  } catch {
    return null;
  }
}

const exitCodeOf = (errors: readonly GraphqlError[]): ExitCode =>
  errors.some(({ extensions }) => extensions?.code === 'UNAUTHENTICATED')
    ? exitCodes.notAuthenticated
    : exitCodes.failed;

/** What the registry says to programmers, said to the person at the terminal. */
const ownRemedies: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: 'Run `gatehouse login`, or set GATEHOUSE_TOKEN to a live API token.',
  NOT_FOUND: 'Check the name; the list commands show what you may see.',
};

function toProblem({ message, extensions = {} }: GraphqlError): Problem {
  const code = extensions.reason ?? extensions.code ?? 'FAILED';
  const remedy = ownRemedies[code] ?? (code in errorCodes ? errorCodes[code as ErrorCode].remedy : undefined);
  const id = extensions.correlationId;
  return {
    code,
    message,
    field: extensions.field,
    remedy: code === 'INTERNAL' && id ? `Correlation id: ${id}.` : remedy === message ? undefined : remedy,
  };
}
