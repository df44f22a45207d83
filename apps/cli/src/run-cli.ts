import { readCliEnvironment } from '#config';
import { buildProgram } from './build-program.js';
import { createCliContext } from './cli-context.js';
import { createOutput } from './output.js';
import { programVersion } from './program-version.js';
import { reportFailure } from './report-failure.js';

/**
 * Runs one command and answers its exit code; prints problems itself and never throws.
 * @param args the arguments behind the program's name
 */
export async function runCli(args: readonly string[]): Promise<number> {
  // Known before parsing, so that a mistake in the arguments is JSON, too.
  const json = args.includes('--json');
  const out = createOutput(json, process.stdout, process.stderr);
  const context = createCliContext({
    env: readCliEnvironment(),
    out,
    terminal: { input: process.stdin, output: process.stderr },
    version: programVersion(),
  });
  try {
    await buildProgram(context).parseAsync(args, { from: 'user' });
    return context.exitCode();
  } catch (error) {
    return reportFailure(error, out);
  } finally {
    await context.close();
  }
}
