import type { Command } from 'commander';
import type { CliContext } from '../cli-context.js';
import { defineCommand } from '../define-command.js';
import { delegateToServer } from '../delegate-to-server.js';

/** A command that `apps/server` carries out on this machine; it reads the settings of docs/configuration.md. */
const delegated =
  (name: 'serve' | 'migrate' | 'doctor', description: string, after: string) =>
  ({ endWith, out }: CliContext): Command =>
    defineCommand(name, description)
      .addHelpText('after', `\n${after}`)
      .action(async () => {
        const options = out.json && name !== 'serve' ? ['--json'] : [];
        endWith(await delegateToServer([name, ...options]));
      });

/** `gatehouse serve`: the server in the foreground. */
export const serve = delegated(
  'serve',
  'run the server on this machine until it is stopped',
  'Settings are environment variables: docs/configuration.md. The log is JSON lines in any case.',
);

/** `gatehouse migrate`: brings the database to the version of this program. */
export const migrate = delegated(
  'migrate',
  'bring the database to the version of this program',
  'Uses the same settings as the server (DATABASE_URL, or the embedded database under GATEHOUSE_DATA_DIR).',
);

/** `gatehouse doctor`: checks the machine and the settings. */
export const doctor = delegated(
  'doctor',
  'check database, version, key, ports, public URL, disk and clock',
  'Uses the same settings as the server. Exit code 1 when a check fails.',
);
