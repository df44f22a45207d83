import { CommandFailure, failed } from '../command-failure.js';

/** The failure for a name that leads to nothing; hidden and missing look the same. */
export const missing = (what: string, name: string, list: string): CommandFailure =>
  failed(`${what} "${name}" not found.`, `It does not exist or you may not see it; \`${list}\` shows what there is.`);

/** What is found, or null where the API answers NOT_FOUND. */
export async function orNull<T>(found: Promise<{ readonly found: T | null }>): Promise<T | null> {
  try {
    return (await found).found;
  } catch (error) {
    if (error instanceof CommandFailure && error.problems.every(({ code }) => code === 'NOT_FOUND')) return null;
    throw error;
  }
}
