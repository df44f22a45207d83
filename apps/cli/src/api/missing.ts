import { failed, type CommandFailure } from '../command-failure.js';

/** The failure for a name that leads to nothing; hidden and missing look the same. */
export const missing = (what: string, name: string, list: string): CommandFailure =>
  failed(`${what} "${name}" not found.`, `It does not exist or you may not see it; \`${list}\` shows what there is.`);
