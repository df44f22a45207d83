import { DomainError } from '#kernel';
import { doctor } from './commands/doctor.js';
import { migrate } from './commands/migrate.js';
import { serve } from './commands/serve.js';

const usage = `Usage: gatehouse-server [serve | migrate | doctor [--json]]

  serve    run the services named by GATEHOUSE_SERVICES (default)
  migrate  bring the database to this release and end
  doctor   check configuration, database, keys, ports, public URLs, disk and clock

Settings are environment variables: docs/configuration.md. Exit codes: 0 ok, 1 failed, 2 usage.
`;

/** Runs one command of the server program and tells how it ended: 0 ok, 1 failed, 2 not a command. */
async function run([command = 'serve', ...options]: readonly string[]): Promise<number> {
  if (command === 'serve') return serve(options);
  if (command === 'migrate') return migrate();
  if (command === 'doctor') return doctor(options);
  const asked = command === 'help' || command === '--help' || command === '-h';
  (asked ? process.stdout : process.stderr).write(asked ? usage : `Unknown command "${command}".\n\n${usage}`);
  return asked ? 0 : 2;
}

// The composition root is where a failure becomes an exit code: a text for people, never a stack for known failures.
run(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    const text =
      error instanceof DomainError
        ? `${error.code}: ${error.message}`
        : error instanceof Error
          ? error.stack
          : String(error);
    process.stderr.write(`gatehouse: ${text}\n`);
    process.exit(1);
  },
);
