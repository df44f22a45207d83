import type { z } from 'zod';
import { DomainError } from '#kernel';

/** One thing that is wrong with an input field. */
export interface InputProblem {
  /** A path such as `entries.0.toolId`; empty for the input as a whole. */
  readonly field: string;
  readonly message: string;
}

/** The input of a mutation does not decode; says everything that is wrong at once. */
export class MalformedInput extends DomainError {
  readonly problems: readonly InputProblem[];

  constructor({ issues }: z.ZodError) {
    const problems = issues.map(({ path, message }) => {
      const field = path.join('.');
      return { field, message: `${field || 'input'} ${message}` };
    });
    const [first] = problems;
    super('BAD_USER_INPUT', first?.message ?? 'input is malformed', { field: first?.field ?? '' });
    this.problems = problems;
  }
}
