import { getDefaultEnvironment } from '@modelcontextprotocol/sdk/client/stdio.js';

/**
 * The variables of a child: what every program needs (`PATH`, `HOME` and the like), and what the allow list declares for
 * it. None of our own: they hold the master key and the passwords of the database.
 */
export const childEnvironment = (declared: Readonly<Record<string, string>>): Record<string, string> => ({
  ...getDefaultEnvironment(),
  LANG: 'C.UTF-8',
  ...declared,
});
