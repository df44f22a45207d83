import { parseArgs } from 'node:util';
import { DomainError } from '#kernel';
import { doctor } from './commands/doctor.js';
import { migrate } from './commands/migrate.js';
import { serve } from './commands/serve.js';

const usage = `Usage: gatehouse-server [serve | migrate [--json] | doctor [--json]]

  serve    run the services named by GATEHOUSE_SERVICES (default)
  migrate  bring the database to this release and end
  doctor   check configuration, database, keys, ports, public URLs, disk and clock

Settings are environment variables: docs/configuration.md. Exit codes: 0 ok, 1 failed, 2 usage.
`;

const json = { json: { type: 'boolean', default: false } } as const;

/** What the arguments ask for; throws what `parseArgs` throws for options that the command does not have. */
function parse([command = 'serve', ...args]: readonly string[]): (() => Promise<number>) | null {
  if (command === 'serve') {
    const { values } = parseArgs({ args, options: { 'demo-upstream': { type: 'string' } } });
    return () => serve({ demoUpstream: values['demo-upstream'] });
  }
  if (command !== 'migrate' && command !== 'doctor') return null;
  const { values } = parseArgs({ args, options: json });
  return () => (command === 'migrate' ? migrate(values) : doctor(values));
}

/** Runs one command of the server program and tells how it ended: 0 ok, 1 failed, 2 not a command. */
async function run(args: readonly string[]): Promise<number> {
  if (['help', '--help', '-h'].includes(args[0] ?? '')) {
    process.stdout.write(usage);
    return 0;
  }
  let command: (() => Promise<number>) | null = null;
  let problem = `Unknown command "${args[0]}".`;
  try {
    command = parse(args);
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  }
  if (command) return command();
  process.stderr.write(`${problem}\n\n${usage}`);
  return 2;
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
